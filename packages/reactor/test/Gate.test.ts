import { assert, describe, it } from "@effect/vitest"
import { Gate } from "@handoff/reactor"

/** A gate on a clock that the test moves. */
const setUp = (limits: { limit: number; perKey?: number; rate?: number; ratePerKey?: number }) => {
  let time = 0
  let timers: Array<{ at: number; wake: () => void }> = []
  const gate = new Gate.Gate({
    limit: limits.limit,
    perKey: limits.perKey ?? limits.limit,
    rate: limits.rate,
    ratePerKey: limits.ratePerKey,
    now: () => time,
    later: (millis, wake) => {
      const timer = { at: time + millis, wake }
      timers.push(timer)
      return () => (timers = timers.filter((one) => one !== timer))
    }
  })
  const log: Array<string> = []
  const enter = (key: string, name: string): Gate.Entrant => {
    const entrant: Gate.Entrant = { gateKey: key, gate: "outside", admit: () => log.push(name) }
    gate.enter(entrant)
    return entrant
  }
  const advance = (to: number): void => {
    for (;;) {
      const next = timers.toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined || next.at > to) break
      timers = timers.filter((one) => one !== next)
      time = Math.max(time, next.at)
      next.wake()
    }
    time = to
  }
  return { gate, log, enter, advance }
}

describe("the gate", () => {
  it("lets keys take turns, so that the busy do not hold up the others", () => {
    const { enter, gate, log } = setUp({ limit: 1 })
    const first = enter("a", "a1")
    const rest = [enter("a", "a2"), enter("a", "a3"), enter("a", "a4"), enter("b", "b1"), enter("c", "c1")]
    let inside: Gate.Entrant | undefined = first
    while (inside !== undefined) {
      gate.leave(inside)
      inside = rest.find((one) => one.gate === "inside")
    }
    assert.deepStrictEqual(log, ["a1", "a2", "b1", "c1", "a3", "a4"])
    assert.deepStrictEqual([gate.inside, gate.waiting], [0, 0])
  })

  it("keeps a key's limit while others go on", () => {
    const { enter, gate, log } = setUp({ limit: 10, perKey: 1 })
    const a1 = enter("a", "a1")
    enter("a", "a2")
    enter("b", "b1")
    assert.deepStrictEqual(log, ["a1", "b1"])
    gate.leave(a1)
    assert.deepStrictEqual(log, ["a1", "b1", "a2"])
  })

  it("forgets those who give up, in their turn or before", () => {
    const { enter, gate, log } = setUp({ limit: 1 })
    const a = enter("a", "a")
    const b = enter("b", "b")
    enter("c", "c")
    gate.leave(b)
    assert.strictEqual(gate.waiting, 1)
    gate.leave(a)
    assert.deepStrictEqual(log, ["a", "c"])
  })

  it("keeps a rate, in all and per key", () => {
    const { advance, enter, gate, log } = setUp({ limit: 1_000, rate: 10 })
    for (let i = 0; i < 5; i++) enter("a", `${i}`)
    assert.strictEqual(log.length, 1)
    advance(250)
    assert.strictEqual(log.length, 3)
    advance(1_000)
    assert.strictEqual(log.length, 5)
    void gate

    const keyed = setUp({ limit: 1_000, ratePerKey: 10 })
    for (let i = 0; i < 3; i++) keyed.enter("a", `a${i}`)
    keyed.enter("b", "b0")
    assert.deepStrictEqual(keyed.log, ["a0", "b0"])
    keyed.advance(100)
    assert.deepStrictEqual(keyed.log, ["a0", "b0", "a1"])
    keyed.advance(200)
    assert.deepStrictEqual(keyed.log, ["a0", "b0", "a1", "a2"])
  })

  it("finds the machine's own limit when descriptors run out, and loses nobody", () => {
    const { advance, gate } = setUp({ limit: 1_000 })
    // A machine with 7 descriptors.
    let used = 0
    let most = 0
    const running: Array<() => void> = []
    let done = 0
    class Task implements Gate.Entrant {
      readonly gateKey = "a"
      gate: Gate.Entrant["gate"] = "outside"
      admit(): void {
        // As with sockets, the failure is heard of later.
        running.push(() => {
          if (used === 7) {
            gate.scarce(this, 20)
            return
          }
          most = Math.max(most, ++used)
          running.push(() => {
            used--
            done++
            gate.leave(this)
          })
        })
      }
    }
    for (let i = 0; i < 500; i++) gate.enter(new Task())
    for (let turn = 0; turn < 100_000 && done < 500; turn++) {
      const next = running.shift()
      if (next === undefined) advance(turn * 1_000)
      else next()
    }
    assert.strictEqual(done, 500)
    assert.strictEqual(most, 7)
    assert.isAbove(gate.scarcities, 0)
    // Once found, the limit is met rarely again.
    assert.isBelow(gate.scarcities, 1_200)
    assert.deepStrictEqual([gate.inside, gate.waiting], [0, 0])
  })

  it("tries again for more after descriptors ran out: one more for every hundred that finish", () => {
    const { enter, gate } = setUp({ limit: 1_000 })
    const first = enter("a", "first")
    const second = enter("a", "second")
    gate.scarce(second, 20)
    assert.strictEqual(gate.ceiling, 1)
    gate.leave(first)
    gate.leave(second)
    for (let i = 0; i < 500; i++) gate.leave(enter("a", `${i}`))
    assert.strictEqual(gate.ceiling, 6)
  })
})
