import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import * as Addon from "#libc/Addon"
import type { Backend, Operation } from "#libc/Backend"

const prebuilds = fileURLToPath(new URL("../../prebuilds", import.meta.url))
const script = fileURLToPath(new URL("../../native/build.mjs", import.meta.url))

const { binary, missing, targets } = (await import(script)) as {
  readonly binary: string
  readonly targets: Readonly<Record<string, object>>
  /** Why a target cannot be built here. */
  readonly missing: (target: string) => string | undefined
}

const muslLoader = "/lib/ld-musl-x86_64.so.1"

/** Which compiler a binary says it was built by. */
const madeBy = (octets: Buffer) => /GCC: [^\0]*/.exec(octets.toString("latin1"))?.[0]

const rebuild = (target: string): Buffer => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-build-"))
  const { status, stderr } = spawnSync(process.execPath, [script, target, "--out", folder], { encoding: "utf8" })
  assert.strictEqual(status, 0, stderr)
  return fs.readFileSync(path.join(folder, target, binary))
}

const answer = (backend: Backend, operation: Operation) =>
  new Promise((resolve) => {
    backend.start(operation, (code, errno, value) => resolve({ code, errno, value }))
  })

describe("the prebuilt binaries", () => {
  it("are there for every target, stripped and small", () => {
    for (const target of Object.keys(targets)) {
      const octets = fs.readFileSync(path.join(prebuilds, target, binary))
      assert.strictEqual(octets.toString("latin1", 1, 4), "ELF", target)
      assert.isBelow(octets.length, 100_000, target)
      assert.notInclude(octets.toString("latin1"), "debug_info", target)
    }
    assert.sameMembers(fs.readdirSync(prebuilds), Object.keys(targets))
  })

  it("ask for no glibc newer than the one that Node itself needs, 2.28", () => {
    for (const target of Object.keys(targets).filter((name) => name.endsWith("glibc"))) {
      const text = fs.readFileSync(path.join(prebuilds, target, binary)).toString("latin1")
      const minors = Array.from(text.matchAll(/GLIBC_2\.(\d+)/g), ([, minor]) => Number(minor))
      assert.isNotEmpty(minors, target)
      assert.isAtMost(Math.max(...minors), 28, target)
    }
  })

  it.skipIf(!fs.existsSync(muslLoader))("for musl asks for nothing that musl has not", () => {
    const { stdout } = spawnSync(muslLoader, ["--list", path.join(prebuilds, "linux-x64-musl", binary)], {
      encoding: "utf8"
    })
    const lacking = stdout.split("\n").filter((line) => line.includes("symbol not found"))
    // Node-API is there when Node is.
    assert.deepStrictEqual(
      lacking.filter((line) => !line.includes("napi_")),
      []
    )
  })

  for (const target of Object.keys(targets)) {
    // The others take a compiler's time and are left to where all is checked.
    const isLater = target !== "linux-x64-glibc" && process.env["CI"] === undefined
    const reason = missing(target) ?? (isLater ? "only with CI set" : undefined)
    if (reason !== undefined) console.log(`${target} is not rebuilt here: ${reason}`)
    it.skipIf(reason !== undefined)(`for ${target} is what the source builds`, { timeout: 60_000 }, () => {
      const committed = fs.readFileSync(path.join(prebuilds, target, binary))
      const rebuilt = rebuild(target)
      // Another compiler gives other octets; the same must give the same.
      if (madeBy(rebuilt) === madeBy(committed)) assert.isTrue(rebuilt.equals(committed), "the octets differ")
      else console.log(`${target}: committed by ${madeBy(committed)}, here is ${madeBy(rebuilt)}`)
    })
  }

  it.skipIf(missing("linux-x64-glibc") !== undefined || Addon.target() !== "linux-x64-glibc")(
    "behave as a rebuild does",
    { timeout: 60_000 },
    async () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-build-"))
      const rebuilt = path.join(folder, binary)
      fs.writeFileSync(rebuilt, rebuild("linux-x64-glibc"))
      const backends = [rebuilt, path.join(prebuilds, "linux-x64-glibc", binary)].map((file) => {
        const addon = Addon.load([file])
        assert.isTrue("create" in addon, JSON.stringify(addon))
        return Addon.makeBackend(addon as Addon.Addon, {
          threads: 2,
          stackOctets: 524_288,
          idleMillis: 10
        })
      })
      const [one, two] = backends as [Backend, Backend]
      assert.deepStrictEqual(one.constants, two.constants)
      const labs = one.resolve("", "labs") as bigint
      const operations: ReadonlyArray<Operation> = [
        ["getaddrinfo", "localhost", "80", 0, 0, 0, one.constants.AI_CANONNAME!],
        ["getaddrinfo", "not an address", null, 0, 0, 0, one.constants.AI_NUMERICHOST!],
        ["getnameinfo", "127.0.0.1", 80, 0, one.constants.NI_NUMERICHOST!],
        ["gethostbyname", "localhost", one.constants.AF_INET!],
        ["gethostbyaddr", "127.0.0.1"],
        ["call", labs, "l", "l", [-5n]]
      ]
      for (const operation of operations) {
        assert.deepStrictEqual(await answer(one, operation), await answer(two, operation), operation[0])
      }
      for (const backend of backends) backend.close()
      fs.rmSync(folder, { recursive: true })
    }
  )
})

describe("where no binary loads", () => {
  it("each file that was tried is told, and why", () => {
    const reasons = Addon.load(["/nonexistent/a.node", fileURLToPath(import.meta.url)])
    assert.isArray(reasons)
    assert.include((reasons as ReadonlyArray<string>)[0], "not there")
    assert.lengthOf(reasons as ReadonlyArray<string>, 2)
  })
})
