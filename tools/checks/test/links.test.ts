/** Links and pictures of the documents, where they are read as files; as a site they are checked again when it is built. */
import { assert, describe, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import path from "node:path"
import { files, read, root } from "../src/Workspace.ts"

/** The page of figures is made for the site, and its anchors are the site's. */
const documents = files([
  "*.md",
  "packages/**/README.md",
  "apps/*/README.md",
  "examples/README.md",
  ".changeset/README.md",
  "docs/{,how-to/,explanation/}*.md"
]).filter((file) => file !== "docs/explanation/figures.md")

/** A heading as GitHub names it in a link. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-")

const anchors = (markdown: string): ReadonlyArray<string> =>
  [...markdown.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading!))

/** Where the inline links of a document lead that lead to no other machine. */
const links = (markdown: string): ReadonlyArray<string> =>
  [...markdown.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map(([, link]) => link!)

describe("links in documents", () => {
  it("are read as GitHub reads them", () => {
    assert.deepStrictEqual(links("[a](b.md) [c](https://x.test) [d](#e)\n```\n[no](no.md)\n```\n"), ["b.md", "#e"])
    assert.strictEqual(anchor("What `it` costs, in ms"), "what-it-costs-in-ms")
  })

  it.for(documents)("of %s lead somewhere", (document) => {
    const broken = links(read(document)).filter((link) => {
      const [target = "", fragment] = link.split("#")
      const file = target === "" ? document : path.join(path.dirname(document), target)
      if (!existsSync(path.join(root, file))) return true
      return fragment !== undefined && file.endsWith(".md") && !anchors(read(file)).includes(fragment)
    })
    assert.deepStrictEqual(broken, [])
  })
})
