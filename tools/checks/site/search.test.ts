/// <reference lib="dom" />
/** The built documentation site, in a real browser that reaches nothing else: what its search finds. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import http from "node:http"
import type { AddressInfo } from "node:net"
import path from "node:path"
import * as Browsers from "../../../apps/demo/test/support/browser.ts"
import { files, packages, read, root } from "../src/Workspace.ts"

type Browser = Awaited<ReturnType<typeof Browsers.launch>>
type Page = Awaited<ReturnType<Browser["newPage"]>>

const site = path.join(root, "docs/.vitepress/dist")

const types: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml"
}

/** The file that an address stands for, as every host of such sites finds it. */
const fileOf = (address: string): string | undefined => {
  const asked = path.join(site, decodeURIComponent(new URL(address, "http://site.test").pathname))
  return [asked, `${asked}.html`, path.join(asked, "index.html")].find(
    (file) => file.startsWith(site) && types[path.extname(file)] !== undefined && existsSync(file)
  )
}

const server = http.createServer(({ url }, response) => {
  const file = fileOf(url!)
  if (file === undefined) return void response.writeHead(404).end()
  response.writeHead(200, { "content-type": types[path.extname(file)] }).end(readFileSync(file))
})

/** The guides, explanations and the tutorial with their titles. */
const titled = files(["docs/*.md", "docs/how-to/*.md", "docs/explanation/*.md"])
  .map((file) => ({ title: /^# (.+)$/m.exec(read(file))?.[1], link: file.slice("docs".length, -".md".length) }))
  .filter((page): page is { title: string; link: string } => page.title !== undefined)

const libraries = packages.filter(({ manifest }) => manifest.private !== true && manifest.exports?.["."] !== undefined)

if (Browsers.absent !== undefined) console.log(`not run: ${Browsers.absent}`)

describe.skipIf(Browsers.absent !== undefined)("the search of the documentation site", () => {
  let browser: Browser
  let page: Page
  let origin = ""
  /** What the page asked of anybody but the site, and what failed in it. */
  const outside: Array<string> = []
  const wrong: Array<string> = []

  beforeAll(async () => {
    assert.isTrue(existsSync(site), "npm run docs builds the site, and then runs this")
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await Browsers.launch()
    page = await browser.newPage()
    page.on("pageerror", (error) => void wrong.push(error.message))
    await page.route("**", async (route) => {
      const url = route.request().url()
      if (url.startsWith(`${origin}/`)) return route.continue()
      outside.push(url)
      return route.abort()
    })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    server.close()
  })

  /** Where the results for these words lead, the best first. */
  const found = async (words: string): Promise<ReadonlyArray<string>> => {
    const input = page.locator("#localsearch-input")
    if (!(await input.isVisible())) {
      await page.goto(`${origin}/tutorial`)
      await page.click("#local-search button")
    }
    await input.fill("")
    await page.waitForFunction(() => document.querySelector(".VPLocalSearchBox .results > *") === null)
    await input.fill(words)
    // Results come a moment after the last letter; that there are none is said, too.
    await page.waitForSelector(".VPLocalSearchBox .results > *")
    return page.$$eval(".VPLocalSearchBox a.result", (links) =>
      links.map((link) => decodeURIComponent(new URL((link as HTMLAnchorElement).href).pathname))
    )
  }

  it("says that nothing is found where nothing is", async () => {
    assert.deepStrictEqual(await found("qqzzxx"), [])
  })

  it("finds a term of the trade, and leads to a page that speaks of it", async () => {
    const [first] = await found("Happy Eyeballs")
    assert.isDefined(first)
    await page.click(".VPLocalSearchBox a.result")
    await page.waitForURL((url) => decodeURIComponent(url.pathname) === first)
    // The address changes before what is shown does.
    await page.locator("main", { hasText: /Happy ?Eyeballs/ }).waitFor()
  })

  it.for(["CompletionQueue", "submitUnsafe", "FakeNetwork", "HappyEyeballs", "TrustAnchors"])(
    "finds the public name %s in the reference",
    async (name) => {
      const results = await found(name)
      assert.isTrue(
        results.some((link) => link.startsWith("/reference/")),
        `${name}: ${results.join(", ")}`
      )
    }
  )

  it.for(libraries)("finds the reference of $name by its name", async ({ name }) => {
    assert.isTrue((await found(name)).some((link) => link.startsWith(`/reference/${name}/`)))
  })

  it.for(titled)("finds $link by its title", async ({ link, title }) => {
    assert.include((await found(title)).slice(0, 3), link)
  })

  it("asked nobody but the site, and nothing went wrong in it", () => {
    assert.deepStrictEqual(outside, [])
    assert.deepStrictEqual(wrong, [])
  })
})
