/**
 * The `handoff` command as npm would install it, outside the repository: what it serves is all there, built, and runs on
 * plain Node.
 */
import { afterAll, assert, beforeAll, describe, inject, it } from "@effect/vitest"
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { promisify } from "node:util"
import { needed } from "../src/Workspace.ts"

const execute = promisify(execFile)

const demo = "@handoff/demo"

describe("the handoff command, packed", () => {
  let work = ""
  let server: ChildProcess | undefined

  beforeAll(async () => {
    work = mkdtempSync(path.join(os.tmpdir(), "handoff-packed-demo-"))
    writeFileSync(path.join(work, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }))
    const own = [demo, ...needed(demo)].map((name) => inject("tarballs")[name]!)
    await execute("npm", ["install", "--prefer-offline", ...own], { cwd: work })
  }, 300_000)

  afterAll(() => {
    server?.kill("SIGKILL")
    rmSync(work, { recursive: true, force: true })
  })

  it("serves its page, with every module, style and chart, and surveys", { timeout: 120_000 }, async () => {
    const bin = path.join(work, "node_modules/@handoff/demo/dist/main.js")
    server = spawn(process.execPath, [bin, "serve", "--port", "0", "--store", "runs.sqlite"], { cwd: work })
    const said = await new Promise<string>((resolve, reject) => {
      let complaint = ""
      server!.stderr!.on("data", (piece) => (complaint += piece))
      server!.stdout!.once("data", (piece) => resolve(String(piece)))
      server!.on("close", () => reject(new Error(complaint)))
    })
    const url = new URL(said.trim())
    const headers = { authorization: `Bearer ${url.searchParams.get("token")}`, "content-type": "application/json" }
    const get = async (link: string): Promise<string> => {
      const response = await fetch(new URL(link, url), { headers })
      assert.strictEqual(response.status, 200, link)
      return response.text()
    }
    const seen = new Set<string>()
    const follow = async (link: string): Promise<void> => {
      if (seen.has(link)) return
      seen.add(link)
      const text = await get(link)
      if (!link.endsWith(".js")) return
      assert.notMatch(text, /from "[^"]+\.ts"/, link)
      for (const [, next] of text.matchAll(/(?:\bfrom|^import) *"([./][^"]+)"/gm)) {
        await follow(new URL(next!, new URL(link, url)).pathname)
      }
    }
    for (const [, link] of (await get("/")).matchAll(/(?:src|href)="([^"#]+)"/g)) await follow(link!)
    for (const file of ["/page/main.js", "/shared/Series.js", "/lib/uPlot.js", "/lib/uPlot.css"])
      assert.isTrue(seen.has(file), file)

    const started = await fetch(new URL("/api/survey", url), {
      method: "POST",
      headers,
      body: JSON.stringify({ source: "list", list: "127.0.0.1 9", executor: "reactor,threads" })
    })
    assert.strictEqual(started.status, 202)
    const leaving = new AbortController()
    const events = await fetch(new URL("/api/events", url), { headers, signal: leaving.signal })
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ""
    while (!/"_tag":"Ended"|"status":"over"/.test(text)) {
      const { done, value } = await reader.read()
      if (done) break
      text += value
    }
    leaving.abort()
    assert.match(text, /"how":"finished"/)
  })
})
