/// <reference lib="dom" />
/** The page in a real browser: Debian's Chromium, driven by playwright-core. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import axe from "axe-core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import type { Sample, State } from "#demo/serve/shared/Event"
import { idle } from "#demo/serve/shared/State"
import * as Browsers from "./support/browser.ts"
import { type Serving, serve } from "./support/serving.ts"

if (Browsers.absent !== undefined) console.log(`not run: ${Browsers.absent}`)

/** Where the screenshots are, to be looked at. */
const shots = new URL("../.test/screenshots/", import.meta.url)

/** Milliseconds, for a machine that does much else. */
const patience = 90_000

describe.skipIf(Browsers.absent !== undefined)("the page", () => {
  const scope = Scope.makeUnsafe()
  let browser: Browser
  let serving: Serving

  beforeAll(async () => {
    Fs.mkdirSync(shots, { recursive: true })
    ;[browser, serving] = await Promise.all([Browsers.launch(), Effect.runPromise(Scope.provide(serve(), scope))])
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }, 30_000)

  /** Opens the page as its user does, does something with it, and sees that nothing went wrong in it. */
  const visit = async <A>(options: BrowserContextOptions, act: (page: Page) => Promise<A>): Promise<A> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    page.setDefaultTimeout(patience - 5_000)
    const wrong: Array<string> = []
    const asked = new Set<string>()
    page.on("pageerror", (error) => void wrong.push(error.message))
    page.on("console", (message) => {
      // What a server that is away, or refuses, makes the browser say is what the test asked for.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        wrong.push(message.text())
    })
    page.on("request", (request) => void asked.add(new URL(request.url()).origin))
    await page.goto(`${serving.origin}/?token=${serving.token}`)
    await page.waitForSelector("html[data-ready]")
    try {
      return await act(page)
    } catch (error) {
      await page.screenshot({ path: new URL("failure.png", shots).pathname, fullPage: true })
      throw error
    } finally {
      await context.close()
      assert.deepStrictEqual(wrong, [])
      assert.deepStrictEqual([...asked], [serving.origin], "asked somebody else")
    }
  }

  const status = async (page: Page, says: RegExp) => {
    try {
      await page.waitForFunction(
        (source) => new RegExp(source).test(document.querySelector("#live-status")!.textContent),
        says.source
      )
    } catch (error) {
      const shown = await page.textContent("main section.live .head")
      throw new Error(`it never says ${says.source}, but: ${shown}`, { cause: error })
    }
  }

  /** Starts a survey of the lab, whose end is far away. */
  const startLong = async (page: Page) => {
    await page.fill("#hosts", "40")
    await page.fill("#passes", "500")
    await page.click("#start")
    await status(page, /Running/)
  }

  /** By keyboard, whose place is then the survey itself: the button has gone. */
  const stop = async (page: Page) => {
    await page.focus("#stop")
    await page.keyboard.press("Enter")
    await status(page, /Stopped|Finished/)
    assert.strictEqual(await page.evaluate(() => document.activeElement!.id), "live")
  }

  /** Axe's complaints, in a few words each. */
  const complaints = async (page: Page): Promise<ReadonlyArray<string>> => {
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate(() =>
      (globalThis as unknown as { readonly axe: typeof axe }).axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]
      })
    )
    return violations.map(
      ({ help, id, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`
    )
  }

  /** Words of what is short and should be read at a glance that are cut in two, for want of room. */
  const broken = (page: Page): Promise<ReadonlyArray<string>> =>
    page.evaluate(() =>
      [...document.querySelectorAll("button, legend, .segments label, h1, h2, h3, dt, dd, thead th, .tag")].flatMap(
        (element) => {
          const words: Array<string> = []
          const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
          for (let node = texts.nextNode() as Text | null; node !== null; node = texts.nextNode() as Text | null) {
            for (const { 0: word, index } of node.data.matchAll(/\S+/g)) {
              const range = document.createRange()
              range.setStart(node, index)
              range.setEnd(node, index + word.length)
              if (new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1) words.push(word)
            }
          }
          return words
        }
      )
    )

  /** Mean brightness from 0 to 255 and the number of colours of a screenshot, which is kept to be looked at. */
  const look = async (page: Page, name: string) => {
    const png = await page.screenshot({ path: new URL(`${name}.png`, shots).pathname, fullPage: true })
    const reader = await browser.newPage()
    try {
      return await reader.evaluate(async (data) => {
        const image = new Image()
        image.src = `data:image/png;base64,${data}`
        await image.decode()
        const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height })
        const context = canvas.getContext("2d")!
        context.drawImage(image, 0, 0)
        const pixels = context.getImageData(0, 0, image.width, image.height).data
        let sum = 0
        const colours = new Set<number>()
        for (let at = 0; at < pixels.length; at += 4 * 7) {
          sum += (pixels[at]! + pixels[at + 1]! + pixels[at + 2]!) / 3
          colours.add((pixels[at]! << 16) | (pixels[at + 1]! << 8) | pixels[at + 2]!)
        }
        return { brightness: sum / (pixels.length / (4 * 7)), colours: colours.size }
      }, png.toString("base64"))
    } finally {
      await reader.close()
    }
  }

  it(
    "starts a survey, shows it live, switches strategies while it runs, and sees the curves answer",
    { timeout: patience },
    async () => {
      await visit({}, async (page) => {
        assert.strictEqual(new URL(page.url()).search, "", "the token stays in the address")
        await startLong(page)
        await page.waitForFunction(() => Number(document.querySelector("#tiles dd span")?.textContent) > 5)
        assert.isTrue(await page.isDisabled("#start"))
        assert.strictEqual(await page.evaluate(() => document.activeElement!.id), "live")
        await page.waitForSelector("#rows td")
        await page.waitForSelector("#workers .bar")
        // The switch, by keyboard.
        await page.focus('input[name="call"][value="threads"]')
        await page.keyboard.press("ArrowRight")
        await page.waitForSelector("#switches li")
        assert.include(
          await page.textContent("#announce"),
          "Switched to names by dns, conversations by reactor, compute by reactor"
        )
        assert.include(await page.textContent("#who-hint"), "compute by reactor")
        await page.click("#shortcuts button:has-text('All by threads')")
        await page.waitForFunction(() => document.querySelectorAll("#switches li").length === 2)
        // What holds already is no switch.
        await page.click("#shortcuts button:has-text('All by threads')")
        // The curves answer: in the end only threads complete anything.
        const values = () =>
          page.evaluate(() =>
            Object.fromEntries(
              [...document.querySelectorAll<HTMLElement>("#charts figure:first-child .legend li")].map((item) => [
                item.dataset["name"]!,
                Number(item.querySelector("b")!.textContent.replace(/[^\d.]/g, ""))
              ])
            )
          )
        await page.waitForFunction(() => {
          const value = (name: string) =>
            Number(
              document
                .querySelector(`#charts figure:first-child .legend li[data-name="${name}"] b`)
                ?.textContent?.replace(/[^\d.]/g, "")
            )
          return value("dns") === 0 && value("reactor") === 0 && value("threads") > 0
        })
        assert.deepStrictEqual(Object.keys(await values()), ["dns", "reactor", "threads"])
        const inks = await page.evaluate(() =>
          [...document.querySelectorAll<HTMLCanvasElement>(".plot canvas")].map((canvas) => {
            const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height)
            const colours = new Set<number>()
            for (let at = 0; at < data.length; at += 4)
              if (data[at + 3]! > 200) colours.add((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!)
            return colours.size
          })
        )
        assert.strictEqual(inks.length, 4)
        for (const ink of inks.slice(0, 3)) assert.isAtLeast(ink, 3, "a chart is blank")
        await page.click("#charts figure:first-child summary")
        assert.isAtLeast(await page.locator("#charts figure:first-child tbody tr").count(), 3)
        // So that the browser has a processor to itself from here on.
        await page.click("#shortcuts button:has-text('Each at home')")
        await page.waitForFunction(() => document.querySelectorAll("#switches li").length === 3)
        // Somebody who comes now sees the same.
        await visit({}, async (other) => {
          await status(other, /Running/)
          assert.strictEqual(await other.locator("#switches li").count(), 3)
        })
      })
    }
  )

  it(
    "is fit for keyboard and screen reader, dark and light, wide and narrow, while that survey runs and when it has been stopped",
    { timeout: 2 * patience },
    async () => {
      const looks = new Map<string, { readonly brightness: number; readonly colours: number }>()
      const forms = [
        ["light", { colorScheme: "light" }],
        ["dark", { colorScheme: "dark" }],
        ["phone-light", { colorScheme: "light", viewport: { width: 360, height: 740 }, hasTouch: true }],
        [
          "phone-dark",
          { colorScheme: "dark", viewport: { width: 360, height: 740 }, hasTouch: true, reducedMotion: "reduce" }
        ]
      ] as const
      await visit({}, async (first) => {
        await status(first, /Running/)
        for (const [name, options] of forms) {
          await visit(options, async (page) => {
            await status(page, name === "light" ? /Running/ : /Stopped/)
            await page.waitForSelector("#workers .bar").catch(async (error: unknown) => {
              throw new Error(`${name}: ${await page.textContent("#workers")} | ${await page.textContent("#counts")}`, {
                cause: error
              })
            })
            assert.strictEqual(
              await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
              0,
              `${name}: the page scrolls sideways`
            )
            looks.set(name, await look(page, name))
            assert.deepStrictEqual(await broken(page), [], name)
            assert.deepStrictEqual(await complaints(page), [], name)
            if (name !== "light") return
            // By Tab alone, from the top: the skip link, and nothing that has the focus and does not show it.
            await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
            await page.keyboard.press("Tab")
            assert.strictEqual(await page.evaluate(() => document.activeElement!.textContent), "Skip to the survey")
            for (let i = 0; i < 12; i++) {
              await page.keyboard.press("Tab")
              const outline = await page.evaluate(() => {
                const element = document.activeElement!
                const shown = element.matches("[type=radio]") ? element.closest("label")! : element
                return [getComputedStyle(shown).outlineStyle, shown.outerHTML.slice(0, 60)] as const
              })
              assert.notStrictEqual(outline[0], "none", outline[1])
            }
          })
          // The rest is looked at when it is over: a machine of two cores is slow enough.
          if (name !== "light") continue
          await stop(first)
          assert.include(await first.textContent("#announce"), "Stopped, ")
          await first.waitForSelector("#run-list tbody tr:first-child .tag[data-how=stopped]")
          assert.include(
            await first.textContent("#run-list tbody tr:first-child td:last-child"),
            "compute by threads in the end; switched 3 times"
          )
          assert.isFalse(await first.isDisabled("#start"))
        }
      })
      for (const [name, { brightness, colours }] of looks) {
        assert.isAtLeast(colours, 50, `${name} is blank`)
        if (name.includes("dark")) assert.isBelow(brightness, 70, name)
        else assert.isAbove(brightness, 180, name)
      }
    }
  )
  it(
    "says beside the field what is wrong with a list of hosts; surveys another to its end, and shows its report",
    { timeout: patience },
    async () => {
      await visit({}, async (page) => {
        await page.check('input[name="source"][value="list"]', { force: true })
        assert.isTrue(await page.isHidden("#seed"), "a field of the lab is shown beside a list")
        assert.isTrue(await page.isVisible("#passes"))
        await page.fill("#list", "this is no host\n")
        await page.click("#limits summary")
        await page.fill("#concurrency", "lots")
        await page.click("#start")
        await page.waitForSelector("#list-problem")
        assert.include(await page.textContent("#list-problem"), "no line of it is a host; line 1")
        assert.strictEqual(await page.getAttribute("#list", "aria-describedby"), "list-problem")
        assert.include(await page.textContent("#concurrency-problem"), '"lots" is not a whole number')
        assert.include(["list", "concurrency"], await page.evaluate(() => document.activeElement!.id))
        assert.deepStrictEqual(await complaints(page), [])
        await page.fill("#concurrency", "8")
        await page.fill("#list", "127.0.0.1 9\nno host!\n")
        await page.click("#start")
        await status(page, /Finished/)
        assert.include(await page.textContent("#rows"), "not a port")
        assert.strictEqual(await page.locator("#list-problem").count(), 0)
        assert.strictEqual(await page.textContent("#tiles .tile:first-child dd span"), "1")
        await page.waitForSelector("#run-list tbody tr:first-child .tag[data-how=finished]")
        const [report] = await Promise.all([
          page.context().waitForEvent("page"),
          page.click("#run-list tbody tr:first-child a")
        ])
        await report.waitForLoadState()
        assert.include(await report.textContent("h1"), "1 host")
        // Nothing runs in the report itself: it is looked at in a copy.
        const copy = await page.context().newPage()
        await copy.setContent(await (await serving.ask(new URL(report.url()).pathname)).text())
        assert.include(await copy.textContent("h1"), "1 host")
        assert.deepStrictEqual(await complaints(copy), [])
        await copy.setViewportSize({ width: 360, height: 740 })
        assert.strictEqual(
          await copy.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
          0
        )
      })
    }
  )

  it("shows who worked last when the last sample of a survey lists nobody", { timeout: patience }, async () => {
    const sample = (at: number, members: Sample["strategies"][number]["members"]): Sample => ({
      at,
      done: 1,
      failed: 0,
      rejected: 0,
      total: 9,
      cpuSeconds: 1,
      memoryMiB: 90,
      loopDelay: { p50: 1, p99: 2, max: 3 },
      strategies: [
        {
          name: "threads",
          running: 0,
          queued: 0,
          done: 1,
          failed: 0,
          lost: 0,
          cancelled: 1,
          figures: {},
          members
        }
      ]
    })
    const choice = { executor: ["threads"] } as const
    const state: State = {
      ...idle,
      status: "over",
      survey: { id: 1, title: "Stopped early", choice, began: 0 },
      choice,
      samples: [sample(500, [{ kind: "worker", id: "7", figures: { utilisation: 0.5 } }]), sample(510, [])],
      end: { how: "stopped" }
    }
    await visit({}, async (page) => {
      await page.route("**/api/events", (route) =>
        route.fulfill({
          contentType: "text/event-stream",
          body: `data: ${JSON.stringify({ _tag: "State", state })}\n\n`
        })
      )
      await page.reload()
      await status(page, /Stopped/)
      assert.strictEqual(await page.locator("#workers .bar").count(), 1, (await page.textContent("#workers"))!)
    })
  })

  it("switches a survey that was still starting when another choice was made", { timeout: patience }, async () => {
    const choice = { executor: ["dns", "reactor"], lookup: "dns", exchange: "reactor", call: "reactor" } as const
    const state: State = { ...idle, status: "starting", survey: { id: 1, title: "A lab", choice, began: 0 }, choice }
    await visit({}, async (page) => {
      let hasBegun = false
      await page.route("**/api/strategies", (route) => route.fulfill({ status: 202, json: {} }))
      await page.route("**/api/events", (route) =>
        route.fulfill({
          contentType: "text/event-stream",
          // An answer ends, and the page asks again.
          body: `retry: 50\ndata: ${JSON.stringify({ _tag: "State", state: { ...state, status: hasBegun ? "running" : "starting" } })}\n\n`
        })
      )
      await page.reload()
      await page.waitForFunction(() => document.querySelector("#who-hint")!.textContent.includes("from the beginning"))
      await page.click("#shortcuts button:has-text('All by threads')")
      const asked = page.waitForRequest("**/api/strategies")
      hasBegun = true
      assert.include((await asked).postDataJSON(), { lookup: "threads", exchange: "threads", call: "threads" })
    })
  })

  it("goes on by itself when the server has gone and comes back", { timeout: patience }, async () => {
    const own = Scope.makeUnsafe()
    const shared = serving
    try {
      serving = await Effect.runPromise(Scope.provide(serve(), own))
      await visit({}, async (page) => {
        await page.waitForSelector("#connection[data-state=connected]")
        serving.child.kill("SIGINT")
        await serving.ended
        await page.waitForSelector("#connection[data-state=gone]")
        assert.include(await page.textContent("#trouble"), "Start handoff serve again")
        await page.click("#start")
        await page.waitForSelector("#form-problem:not([hidden])")
        assert.include(await page.textContent("#form-problem"), "is handoff serve still running")
        const { port, store } = serving
        await Effect.runPromise(Scope.provide(serve({ port, store }), own))
        await page.waitForSelector("#connection[data-state=connected]")
        assert.isTrue(await page.isHidden("#trouble"))
      })
    } finally {
      await Effect.runPromise(Scope.close(own, Exit.void))
      serving = shared
    }
  })

  it("says to whoever comes with a wrong token where the right one is", { timeout: patience }, async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const response = await page.goto(`${serving.origin}/?token=wrong`)
    assert.strictEqual(response!.status(), 401)
    assert.include(await page.textContent("main"), "Open the address that handoff serve printed")
    assert.deepStrictEqual(await complaints(page), [])
    await context.close()
  })

  it("shows errors of its own", { timeout: patience }, async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.route("**/page/main.*", (route) =>
      route.fulfill({ contentType: "text/javascript", body: "throw new Error('broken on purpose')" })
    )
    await page.goto(`${serving.origin}/?token=${serving.token}`)
    await page.waitForSelector("#trouble:not([hidden])")
    assert.include(await page.textContent("#trouble"), "broken on purpose")
    await context.close()
  })
})
