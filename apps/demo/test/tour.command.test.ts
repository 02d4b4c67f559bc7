import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Private from "#demo/lab/Private"
import { handoff } from "./support/command.ts"
import { aNetwork } from "./support/network.ts"

const patience = 120_000

/** A row of the side-by-side table: hosts done, hosts failed, what of the findings. */
const row = (stdout: string, strategies: string) => {
  const match = new RegExp(`^${strategies} +(\\d+) +(\\d+) +[\\d.]+ .* (the same|differ)$`, "m").exec(stdout)
  if (match === null) return assert.fail(`no row of ${strategies} in\n${stdout}`)
  return { done: Number(match[1]), failed: Number(match[2]), findings: match[3] }
}

const three = (stdout: string) =>
  [row(stdout, "threads"), row(stdout, "reactor"), row(stdout, "dns,reactor,threads")] as const

describe("the tour", () => {
  it.live(
    "surveys the lab with each strategy in turn and shows them side by side, with the same findings",
    () =>
      Effect.gen(function* () {
        const level = yield* Private.best("network")
        const env = { npm_package_name: "a-project-of-its-own" }
        const end = yield* handoff(["tour", "--hosts", "20", "--network", aNetwork()], { env })
        assert.strictEqual(end.code, 0, end.stderr)
        const [threads, reactor, mixed] = three(end.stdout)
        assert.deepStrictEqual(reactor, mixed)
        assert.strictEqual(mixed.findings, "the same")
        assert.strictEqual(mixed.done + mixed.failed, 20)
        assert.isAtLeast(mixed.done, 15)
        if (level === "network") {
          assert.deepStrictEqual(threads, mixed)
          assert.include(end.stdout, "All surveys found the same")
        }
        assert.match(end.stdout, /^\d+\.\d ms \(p99\), against \d+\.\d ms with dns,reactor,threads/m)
        assert.match(end.stdout, /^Where to look next:\n {2}handoff serve /m)
        assert.match(end.stdout, /\nThe tour took \d+\.\d s on \d+ processors?\.\n$/)
      }),
    patience
  )

  it.live(
    "says so where the C library cannot be shown the lab, instead of pretending",
    () =>
      Effect.gen(function* () {
        const env = { npm_package_name: "handoff" }
        const end = yield* handoff(["tour", "--hosts", "6", "--network", aNetwork(), "--private", "off"], { env })
        assert.strictEqual(end.code, 0, end.stderr)
        const [threads, reactor, mixed] = three(end.stdout)
        assert.strictEqual(threads.done, 0)
        assert.strictEqual(threads.findings, "differ")
        assert.isAtLeast(mixed.done, 4)
        assert.strictEqual(reactor.findings, "the same")
        assert.include(end.stdout, "Names under threads are what this system knows")
        assert.include(end.stdout, "  npm run handoff -- serve ")
      }),
    patience
  )
})
