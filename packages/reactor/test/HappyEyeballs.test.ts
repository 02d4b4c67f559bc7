import { HappyEyeballs } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"

const options = { attemptDelay: 250, resolutionDelay: 50 }

/** Plays events in virtual time; what happens is written as `time: what`. */
const play = (
  events: ReadonlyArray<
    | readonly [at: number, what: "IPv4" | "IPv6", addresses: ReadonlyArray<string>]
    | readonly [at: number, what: "failed"]
  >
): Array<string> => {
  const race = new HappyEyeballs.Race<string>(options)
  const log: Array<string> = []
  let wake = Infinity
  const step = (at: number): void => {
    for (;;) {
      const next = race.step(at)
      if (next._tag === "Attempt") log.push(`${at}: ${next.address}`)
      else {
        if (next._tag === "Exhausted") log.push(`${at}: exhausted`)
        wake = next._tag === "Wait" ? next.until : Infinity
        return
      }
    }
  }
  for (const event of [...events, [10_000, "end"] as const]) {
    while (wake < event[0]) step(wake)
    if (event[1] === "end") break
    if (event[1] === "failed") race.failed(event[0])
    else race.found(event[1], event[2], event[0])
    step(event[0])
  }
  return log
}

describe("Happy Eyeballs (RFC 8305)", () => {
  it("alternates families beginning with IPv6, one attempt every 250 ms (section 4 and 5)", () => {
    const log = play([
      [0, "IPv4", ["4a", "4b", "4c"]],
      [10, "IPv6", ["6a", "6b"]]
    ])
    assert.deepStrictEqual(log, ["10: 6a", "260: 4a", "510: 6b", "760: 4b", "1010: 4c"])
  })

  it("waits 50 ms for IPv6 when IPv4 is known first, and not longer (section 3)", () => {
    assert.deepStrictEqual(play([[0, "IPv4", ["4a"]]]), ["50: 4a"])
    const late = play([
      [0, "IPv4", ["4a", "4b"]],
      [100, "IPv6", ["6a"]]
    ])
    assert.deepStrictEqual(late, ["50: 4a", "300: 6a", "550: 4b"])
    assert.deepStrictEqual(
      play([
        [0, "IPv6", ["6a"]],
        [400, "IPv4", ["4a"]]
      ]),
      ["0: 6a", "400: 4a"]
    )
  })

  it("does not wait when there is no IPv6", () => {
    const log = play([
      [0, "IPv4", ["4a"]],
      [5, "IPv6", []]
    ])
    assert.deepStrictEqual(log, ["5: 4a"])
  })

  it("tries the next at once when one fails, and gives up after the last", () => {
    const log = play([
      [0, "IPv6", ["6a"]],
      [0, "IPv4", ["4a"]],
      [20, "failed"],
      [30, "failed"]
    ])
    assert.deepStrictEqual(log, ["0: 6a", "20: 4a", "30: exhausted"])
  })

  it("gives up only when both families are known", () => {
    const log = play([
      [0, "IPv6", ["6a"]],
      [10, "failed"],
      [500, "IPv4", []]
    ])
    assert.deepStrictEqual(log, ["0: 6a", "500: exhausted"])
  })
})
