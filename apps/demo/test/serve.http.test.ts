/** `handoff serve` as programs and browsers see it, over real HTTP on loopback. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Net from "node:net"
import { cutOff, type Summary } from "#demo/serve/Runs"
import type { Message, State } from "#demo/serve/shared/Event"
import { handoff } from "./support/command.ts"
import { raw, type Serving, serve, silence } from "./support/serving.ts"

const patience = 60_000

/** Reads events until one is what is waited for; gives them with their ids. */
const events = async (serving: Serving, until: (message: Message) => boolean, lastEventId?: string) => {
  const abort = new AbortController()
  const response = await serving.ask("/api/events", {
    signal: abort.signal,
    headers: lastEventId === undefined ? {} : { "last-event-id": lastEventId }
  })
  const all: Array<{ readonly id: string; readonly message: Message }> = []
  let text = ""
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
    text += piece
    const blocks = text.split("\n\n")
    text = blocks.pop()!
    for (const block of blocks) {
      const id = /^id: (.*)$/m.exec(block)?.[1]
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (id === undefined || data === undefined) continue
      all.push({ id, message: JSON.parse(data) as Message })
      if (!until(all.at(-1)!.message)) continue
      abort.abort()
      return all
    }
  }
  throw new Error("the stream of events ended")
}

const list = (port: number, more: Record<string, string> = {}) => ({
  source: "list",
  list: `127.0.0.1 ${port}\nnot a host!\n`,
  executor: "reactor,threads",
  timeout: "60000",
  ...more
})

describe("the last runs", () => {
  it("that never said how they ended are cut off, but for the one that runs", () => {
    const summary = { how: "running" } as Summary
    const runs = [3, 2, 1].map((id) => ({ id, findings: 1, summary: id === 1 ? undefined : summary }))
    const how = (status: State["status"]) => cutOff(runs, status).map(({ summary }) => summary?.how)
    assert.deepStrictEqual(how("running"), ["running", "cut off", undefined])
    assert.deepStrictEqual(how("over"), ["cut off", "cut off", undefined])
  })
})

const isAbout =
  (...tags: ReadonlyArray<Message["_tag"]>) =>
  (message: Message): boolean =>
    tags.includes(message._tag)

describe("handoff serve", () => {
  it.live(
    "lets in who has the token and comes by its name, and nobody else",
    () =>
      Effect.gen(function* () {
        const { ask, origin, port, token } = yield* serve()
        yield* Effect.promise(async () => {
          const html = { accept: "text/html" }
          const stranger = await raw(port, "/", html)
          assert.strictEqual(stranger.status, 401)
          assert.include(stranger.body, "Open the address that <code>handoff serve</code> printed")
          assert.strictEqual((await raw(port, "/?token=wrong", html)).status, 401)
          assert.strictEqual((await raw(port, "/api/runs", {})).status, 401)
          assert.strictEqual((await raw(port, "/page/main.ts", {})).status, 401)
          assert.strictEqual((await raw(port, "/base.css", {})).status, 200)

          const entering = await raw(port, `/?token=${token}`, html)
          assert.strictEqual(entering.status, 303)
          assert.strictEqual(entering.headers.location, "/")
          const [cookie] = entering.headers["set-cookie"]!
          for (const word of ["HttpOnly", "SameSite=Strict", "Path=/"]) assert.include(cookie, word)
          const mine = { cookie: cookie!.split(";")[0]!, host: `127.0.0.1:${port}` }
          const page = await raw(port, "/", mine)
          assert.strictEqual(page.status, 200)
          const policy = String(page.headers["content-security-policy"])
          assert.include(policy, "default-src 'none'")
          assert.notMatch(policy, /unsafe|\*|http/)
          assert.strictEqual(page.headers["referrer-policy"], "no-referrer")

          // Somebody else's name that leads here, and somebody else's page.
          assert.strictEqual((await raw(port, "/", { ...mine, host: "evil.example" })).status, 421)
          assert.strictEqual(
            (await raw(port, "/api/stop", { ...mine, origin: "http://evil.example" }, "POST")).status,
            403
          )
          assert.strictEqual((await raw(port, "/api/stop", mine, "POST")).status, 403)
          assert.strictEqual((await raw(port, "/api/stop", { ...mine, origin }, "POST")).status, 409)
          assert.strictEqual((await ask("/api/runs")).status, 200)
        })
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "serves nothing but its own files, all of them from here, and says so once",
    () =>
      Effect.gen(function* () {
        const { ask } = yield* serve()
        yield* Effect.promise(async () => {
          const page = await (await ask("/")).text()
          const links = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, link]) => link!)
          assert.isAtLeast(links.length, 8)
          for (const link of links) {
            assert.match(link, /^\/[\w./]+$/)
            const first = await ask(link)
            assert.strictEqual(first.status, 200, link)
            await first.arrayBuffer()
            const again = await ask(link, { headers: { "if-none-match": first.headers.get("etag")! } })
            assert.strictEqual(again.status, 304, link)
          }
          for (const path of ["/page/../../package.json", "/%2e%2e/package.json", "/page/", "/serve/Server.ts"]) {
            assert.strictEqual((await ask(path)).status, 404, path)
          }
        })
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "says what is wrong with a form, field by field, and with what is none",
    () =>
      Effect.gen(function* () {
        const { ask, post } = yield* serve()
        yield* Effect.promise(async () => {
          const wrong = await post("/api/survey", { source: "list", list: "a b c", executor: "fibers" })
          assert.strictEqual(wrong.status, 422)
          assert.strictEqual(wrong.headers.get("content-type"), "application/problem+json")
          const { fields } = (await wrong.json()) as { readonly fields: Record<string, string> }
          assert.include(fields["list"], "line 1: not a port")
          assert.include(fields["executor"], "there are threads, reactor, dns")
          const json = { method: "POST", headers: { "content-type": "application/json" } }
          assert.strictEqual((await ask("/api/survey", { ...json, body: "{" })).status, 422)
          assert.strictEqual((await ask("/api/survey", { method: "POST", body: "source=lab" })).status, 422)
          const large = await ask("/api/survey", { ...json, body: JSON.stringify({ list: "x".repeat(9 * 2 ** 20) }) })
          assert.include(((await large.json()) as { readonly detail: string }).detail, "more than 8 MiB")
          assert.strictEqual((await post("/api/strategies", { executor: "dns" })).status, 409)
          assert.strictEqual((await ask("/runs/1/report.html")).status, 404)
          assert.strictEqual((await ask("/runs/1/report.exe")).status, 404)
          assert.deepStrictEqual(await (await ask("/api/runs")).json(), [])
        })
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "tells everyone what happens, also who comes back and who does not read; keeps the run and its reports",
    () =>
      Effect.gen(function* () {
        const serving = yield* serve()
        const { ask, port, post, token } = serving
        const silent = yield* silence
        yield* Effect.promise(async () => {
          // Somebody who never reads: nobody has to wait for them.
          const deaf = Net.connect(port, "127.0.0.1").pause()
          deaf.on("error", () => {})
          deaf.write(`GET /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`)
          const watching = events(serving, isAbout("Ended"))
          assert.strictEqual((await post("/api/survey", list(silent))).status, 202)
          const early = await events(serving, (message) => message._tag === "Sample")
          assert.strictEqual(early[0]!.message._tag, "State")
          assert.strictEqual((await post("/api/survey", list(silent))).status, 409)
          assert.strictEqual((await post("/api/strategies", { executor: "threads" })).status, 202)
          assert.strictEqual((await post("/api/stop")).status, 202)
          const all = await watching
          const tags = all.map(({ message }) => message._tag)
          for (const tag of ["Started", "Phase", "Began", "Rejected", "Sample", "Switched", "Stopping"] as const) {
            assert.include(tags, tag)
          }
          const end = all.at(-1)!.message
          assert.deepStrictEqual(end._tag === "Ended" ? [end.end.how, end.end.run] : [], ["stopped", 1])
          // Who was away is told the rest, and who has been away for too long, or at another server, everything.
          const place = all.at(-3)!.id
          const rest = await events(serving, isAbout("Ended"), place)
          assert.deepStrictEqual(
            rest.map(({ id }) => id),
            all.slice(-2).map(({ id }) => id)
          )
          const [fresh] = await events(serving, isAbout("State"), "elsewhere-3")
          assert.strictEqual(fresh!.message._tag === "State" && fresh!.message.state.status, "over")
          deaf.destroy()
        })
        // Nothing was found, so there is no report; a host that answers makes one.
        const speaking = yield* Effect.acquireRelease(
          Effect.promise(
            () =>
              new Promise<Net.Server>((resolve) => {
                const server = Net.createServer((socket) => socket.end("220 <b>hello</b>\r\n"))
                server.listen(0, "127.0.0.1", () => resolve(server))
              })
          ),
          (server) => Effect.sync(() => server.close())
        )
        yield* Effect.promise(async () => {
          const ended = events(serving, isAbout("Ended"))
          await post("/api/survey", list((speaking.address() as Net.AddressInfo).port, { passes: "2" }))
          // The first message is the state of the survey before.
          assert.deepInclude((await ended).at(-1)!.message, { _tag: "Ended", end: { how: "finished", run: 2 } })
          const runs = (await (await ask("/api/runs")).json()) as ReadonlyArray<any>
          assert.deepStrictEqual([runs.length, runs[0].id, runs[0].findings], [1, 2, 1])
          assert.deepInclude(runs[0].summary, { title: "127.0.0.1", how: "finished", done: 2, failed: 0, rejected: 1 })
          const report = await ask("/runs/2/report.html")
          assert.include(report.headers.get("content-security-policy"), "sandbox; default-src 'none'")
          assert.include(await report.text(), "220 &lt;b&gt;hello&lt;/b&gt;")
          assert.include(await (await ask("/runs/2/report.csv")).text(), "127.0.0.1,done")
          assert.include(await (await ask("/runs/2/report.ndjson")).text(), '"state":"done"')
          assert.include(await (await ask("/runs/2/report.md")).text(), "| 127.0.0.1 | done")
        })
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "ends within a second at Ctrl-C, with pages open and a survey under way",
    () =>
      Effect.gen(function* () {
        const serving = yield* serve()
        const silent = yield* silence
        const end = yield* Effect.promise(async () => {
          await serving.post("/api/survey", list(silent))
          await events(serving, isAbout("Sample"))
          const watching = events(serving, () => false).catch((error: Error) => error.message)
          const told = performance.now()
          serving.child.kill("SIGINT")
          const end = await serving.ended
          await watching
          return { ...end, milliseconds: performance.now() - told }
        })
        assert.strictEqual(end.code, 130, end.stderr)
        assert.notInclude(end.stderr, "still open")
        // A second, and what a machine that does much else takes.
        assert.isBelow(end.milliseconds, 2_500)
      }).pipe(Effect.scoped),
    { timeout: patience, retry: 1 }
  )

  it.live(
    "says what to do about a port in use, an address that is not here, and a store that is none",
    () =>
      Effect.gen(function* () {
        const port = yield* silence
        const { store } = yield* serve()
        const inUse = yield* handoff(["serve", "--port", String(port), "--store", store])
        assert.strictEqual(inUse.code, 1)
        assert.include(inUse.stderr, `cannot listen on 127.0.0.1, port ${port} (EADDRINUSE)\n`)
        assert.include(inUse.stderr, "choose another with --port, or --port 0")
        assert.strictEqual(inUse.stdout, "")
        const elsewhere = yield* handoff(["serve", "--listen", "192.0.2.1", "--store", store])
        assert.include(elsewhere.stderr, "this machine does not have that address")
        const nonsense = yield* handoff(["serve", "--listen", "everywhere"])
        assert.strictEqual(nonsense.code, 2)
        const nowhere = yield* handoff(["serve", "--store", "/nonexistent/runs.sqlite"])
        assert.include(nowhere.stderr, "name a file in a folder that you can write to")
      }).pipe(Effect.scoped),
    patience
  )
})
