/** A release, rehearsed in a clone: changesets become one version for all packages, with changelogs; nothing leaves. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { packages, root } from "../src/Workspace.ts"

const published = packages.filter(({ manifest }) => manifest.private !== true)

describe("a release", () => {
  let clone = ""
  beforeAll(() => {
    clone = path.join(mkdtempSync(path.join(os.tmpdir(), "handoff-release-")), "clone")
    execFileSync("git", ["clone", "--quiet", root, clone])
    writeFileSync(
      path.join(clone, ".changeset/rehearsal.md"),
      `---\n"@handoff/dns": minor\n---\n\nNames are found twice as fast.\n`
    )
    execFileSync(path.join(root, "node_modules/.bin/changeset"), ["version"], { cwd: clone, stdio: "pipe" })
  }, 120_000)

  afterAll(() => rmSync(path.dirname(clone), { recursive: true, force: true }))

  const manifest = (folder: string) =>
    JSON.parse(readFileSync(path.join(clone, folder, "package.json"), "utf8")) as {
      readonly version: string
      readonly dependencies?: Readonly<Record<string, string>>
    }

  it("gives all packages one version, and each depends on the others at that version", () => {
    const versions = new Set(published.map(({ folder }) => manifest(folder).version))
    assert.strictEqual(versions.size, 1)
    const [version] = versions
    for (const { folder } of published) {
      for (const [name, range] of Object.entries(manifest(folder).dependencies ?? {})) {
        if (name.startsWith("@handoff/")) assert.strictEqual(range, version, `${folder} depends on ${name}`)
      }
    }
  })

  it.for(published)(
    "of $name would be taken by npm, with its tag and provenance",
    { timeout: 60_000 },
    ({ folder, name }) => {
      // Provenance itself can only be made where the release runs; all else npm checks without sending anything.
      const { publishConfig } = JSON.parse(readFileSync(path.join(root, folder, "package.json"), "utf8")) as {
        readonly publishConfig?: Readonly<Record<string, unknown>>
      }
      assert.deepStrictEqual(publishConfig, { access: "public", provenance: true })
      const out = execFileSync("npm", ["publish", "--dry-run", "--json", "--provenance=false"], {
        cwd: path.join(root, folder),
        encoding: "utf8",
        stdio: "pipe"
      })
      assert.include(out, name)
    }
  )

  it("writes what changed for users into the changelog", () => {
    assert.include(
      readFileSync(path.join(clone, "packages/dns/CHANGELOG.md"), "utf8"),
      "Names are found twice as fast."
    )
  })

  it.for(published)("of $name carries the changelog in its tarball", { timeout: 60_000 }, ({ folder }) => {
    const out = execFileSync("npm", ["pack", "--dry-run", "--json"], {
      cwd: path.join(clone, folder),
      encoding: "utf8",
      stdio: "pipe"
    })
    // A list, or by the package's name: npm has changed its mind.
    const [tarball] = Object.values(JSON.parse(out) as Readonly<Record<string, { files: Array<{ path: string }> }>>)
    assert.include(
      tarball!.files.map((file) => file.path),
      "CHANGELOG.md"
    )
  })
})
