/** The examples as programs, started as their README says. */
import { assert, describe, it } from "@effect/vitest"
import { execFile, spawn } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { connect } from "node:net"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const home = fileURLToPath(new URL("..", import.meta.url))

/** The command of an example's line in the README, as `package.json` has it. */
const { scripts } = JSON.parse(readFileSync(path.join(home, "package.json"), "utf8")) as {
  readonly scripts: Readonly<Record<string, string>>
}

/** Runs a program to its end and gives what it printed. */
const print = async (name: string): Promise<string> => {
  const [, ...parameters] = scripts[name]!.split(" ")
  const { stdout } = await promisify(execFile)(process.execPath, parameters, {
    cwd: home,
    env: { ...process.env, NO_COLOR: "1" }
  })
  return stdout
}

/** Starts an example on a free port and gives the port it tells, and its end. */
const start = async (file: string) => {
  const child = spawn(
    process.execPath,
    ["--conditions=@handoff/source", fileURLToPath(new URL(`../${file}`, import.meta.url))],
    { env: { ...process.env, PORT: "0", NO_COLOR: "1" } }
  )
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
  let said = ""
  const port = await new Promise<number>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk.toString()
      const found = /127\.0\.0\.1:(\d+)/.exec(said)
      if (found !== null) resolve(Number(found[1]))
    }
    child.stdout.on("data", hear)
    child.stderr.on("data", hear)
    void ended.then((code) => reject(new Error(`ended with ${code}: ${said}`)))
  })
  return {
    port,
    stop: () => {
      child.kill("SIGTERM")
      return ended
    }
  }
}

describe("an example that is a server", () => {
  it("hashes passwords until it is told to end", { timeout: 30_000 }, async () => {
    const { port, stop } = await start("password-service/main.ts")
    const answer = await fetch(`http://127.0.0.1:${port}/passwords`, { method: "POST", body: "secret" })
    assert.match(await answer.text(), /^[\da-f]{32}:[\da-f]{64}$/)
    assert.include(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "Passwords and pictures")
    // 130: ended by a signal, after its scope was closed.
    assert.include([0, 130, 143], await stop())
  })

  it("speaks its line protocol until it is told to end", { timeout: 30_000 }, async () => {
    const { port, stop } = await start("line-server/main.ts")
    const heard = await new Promise<string>((resolve, reject) => {
      let text = ""
      const socket = connect(port, "127.0.0.1", () => socket.write("set a 1 2\r\nget a\r\nquit\r\n"))
      socket
        .on("data", (chunk) => (text += chunk.toString()))
        .on("close", () => resolve(text))
        .on("error", reject)
    })
    assert.strictEqual(heard, "ok\r\n1 2\r\n")
    assert.include([0, 130, 143], await stop())
  })
})

describe("every example", () => {
  const folders = globSync("*/main.ts", { cwd: home }).map((file) => path.dirname(file))

  it("is started by a command that the README names, and says what it shows", () => {
    const readme = readFileSync(path.join(home, "README.md"), "utf8")
    const all = globSync("*/*.ts", { cwd: home }).map((file) => path.dirname(file))
    assert.sameMembers(
      [...new Set(all)].filter((folder) => folder !== "test"),
      folders
    )
    assert.sameMembers(Object.keys(scripts), folders)
    for (const folder of folders) {
      assert.include(scripts[folder], `${folder}/main.ts`)
      assert.match(readme, new RegExp(`\\| \`${folder}\` .*\\| \`npm run ${folder} -w examples\` `))
      assert.include(readFileSync(path.join(home, folder, "main.ts"), "utf8"), `\`npm run ${folder} -w examples\`:`)
    }
  })
})

describe("an example that ends", () => {
  it("shows that the loop goes on beside a query on a thread", async () => {
    const [inside, onThread] = [...(await print("async-sqlite")).matchAll(/stood still for (\d+) ms/g)].map(
      ([, ms]) => ms
    )
    // About a second against a few milliseconds; a third leaves room for a machine that does other things.
    assert.isBelow(3 * Number(onThread), Number(inside))
  })

  it("decides about deliveries", async () => {
    const decisions = (await print("mail-gateway")).trim().split("\n")
    assert.deepStrictEqual(
      decisions.map((line) => line.split(/ {2,}/).at(-1)),
      ["take", "take", "refuse", "take, with suspicion", "take, with suspicion", "refuse"]
    )
  })

  it("finds other names under other layers", async () => {
    const [local, internal] = (await print("switched-names")).split("db.internal:5432")
    assert.strictEqual(local!.match(/127\.0\.0\.1:80/g)?.length, 4)
    assert.strictEqual(internal!.match(/not found/g)?.length, 3)
    assert.match(internal!, /of that server +192\.0\.2\.5:5432/)
  })

  it("holds its strategy to every promise", async () => {
    const said = await print("own-strategy")
    assert.include(said, "host7 is 192.0.2.7")
    assert.isAbove(said.match(/^kept /gm)!.length, 15)
    assert.notInclude(said, "BROKEN")
  })
})
