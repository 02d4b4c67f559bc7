import * as Addon from "#libc/Addon"
import * as constants from "#libc/constants"
import { EaiError, fromNumber, meanings, timedOut } from "#libc/EaiError"
import { assert, describe, it } from "@effect/vitest"
import * as os from "node:os"

const asked = { call: "getaddrinfo", subject: "host.example" }

const platforms = {
  linux: constants.forPlatform("linux")!,
  darwin: constants.forPlatform("darwin")!,
  win32: constants.forPlatform("win32")!
}

describe("EaiError", () => {
  for (const [platform, numbers] of Object.entries(platforms)) {
    const codes = Object.keys(numbers).filter((name) => name.startsWith("EAI_"))

    it(`names every code of ${platform}, and says whose fault it is and whether a retry can help`, () => {
      assert.isAtLeast(codes.length, 8)
      for (const code of codes) {
        const error = fromNumber(numbers, numbers[code]!, 0, asked)
        assert.strictEqual(error.code, code)
        assert.strictEqual(error.number, numbers[code])
        assert.include(["name", "caller", "server", "system"], error.fault)
        assert.isBoolean(error.canRetry)
        assert.include(error.message, "host.example")
        assert.strictEqual(error.toLookupError().code, code)
      }
    })
  }

  it("says of EAI_SYSTEM which errno, and that a retry helps when it passes", () => {
    const { linux } = platforms
    const of = (errno: number) => fromNumber(linux, linux.EAI_SYSTEM!, errno, asked)
    const { EACCES, EMFILE } = os.constants.errno
    assert.deepInclude(of(EMFILE), { errno: "EMFILE" })
    assert.isTrue(of(EMFILE).canRetry)
    assert.strictEqual(of(EMFILE).toLookupError().reason, "Temporary")
    assert.isFalse(of(EACCES).canRetry)
    assert.strictEqual(of(EACCES).toLookupError().reason, "Unknown")
  })

  it("of a number that nobody knows is told as it is", () => {
    assert.deepInclude(fromNumber(platforms.linux, -999, 0, asked), { code: "EAI_UNKNOWN", number: -999 })
  })

  it("of a time-out can be retried", () => {
    assert.isTrue(timedOut(asked).canRetry)
    assert.strictEqual(timedOut(asked).toLookupError().reason, "Timeout")
  })

  it("agrees with the others on what a retry is for: a LookupError is temporary when it can be retried", () => {
    for (const code of Object.keys(meanings) as ReadonlyArray<EaiError["code"]>) {
      if (code === "EAI_FAIL") continue // A server's fault, which LookupError calls temporary; it will answer so again.
      const error = new EaiError({ ...asked, code, number: 0 })
      assert.strictEqual(error.toLookupError().isTemporary, error.canRetry, code)
    }
  })
})

describe("the numbers of this platform", () => {
  it("are the same by the addon's compiler and by the table for workers", () => {
    const addon = Addon.load()
    assert.isTrue("create" in addon, JSON.stringify(addon))
    const table = constants.forPlatform()!
    for (const [name, number] of Object.entries((addon as Addon.Addon).constants)) {
      if (name in table) assert.strictEqual(table[name], number, name)
    }
    assert.isAtLeast(Object.keys(table).length, 30)
  })
})
