/** The pool's side of the ring, against workers that are played step by step. */
import { assert, describe, it } from "@effect/vitest"
import { Codec } from "#src/Codec"
import type { Crew } from "#src/Crew"
import { type Ending, Job } from "#src/Job"
import { Mode } from "#src/protocol"
import { Kind, Ring } from "#src/Ring"
import * as RingCrew from "#src/RingCrew"
import type { WireEvents } from "#src/Wire"

const listener = { succeed: () => {}, threw: () => {}, refused: () => {}, lost: () => {} }

const job = (): Job =>
  new Job(
    listener,
    {
      fn: 0,
      mode: Mode.value,
      args: [1, 2],
      key: undefined,
      priority: 0,
      transfer: undefined,
      carry: undefined,
      onInterrupt: "abandon"
    },
    undefined,
    () => {},
    undefined
  )

/** A crew whose two workers do what the test says. */
class Stage {
  readonly values: Array<unknown> = []
  readonly crew: Crew
  private readonly wires = new Map<number, WireEvents>()
  private readonly positions = new Map<number, number>()
  ring!: Ring
  private codec!: Codec

  constructor() {
    this.crew = RingCrew.make({
      open: (birth, events) => {
        this.wires.set(birth.worker, events)
        return { post: () => {}, terminate: () => {}, hold: () => {} }
      },
      maxThreads: 2,
      callsAtOnce: 1,
      birth: (worker, shared) => {
        this.ring = Ring.open(shared)
        this.codec = new Codec(shared.buffer)
        return { worker, callsAtOnce: 1, definitions: [], ring: shared }
      },
      events: {
        ready: () => {},
        value: (_, value) => this.values.push(value),
        threw: () => {},
        items: () => {},
        progress: () => {},
        exited: () => {}
      }
    })
    for (const worker of [0, 1]) {
      this.crew.start(worker)
      this.wires.get(worker)!.message({ _tag: "Ready" })
    }
  }

  /** D1: the worker claims a call and answers it. */
  answer(worker: number, value: unknown): void {
    const { ring } = this
    const slot = ring.claim(worker)
    assert.isAtLeast(slot, 0)
    this.codec.write(value, ring.payloadAt(slot), ring.payloadEnd(slot))
    this.positions.set(worker, ring.complete(worker, this.positions.get(worker) ?? 0, slot, Kind.done))
  }

  die(worker: number, ending: Ending): void {
    this.wires.get(worker)!.exit(ending)
  }

  wake(worker: number): void {
    this.wires.get(worker)!.message({ _tag: "Wake" })
  }

  async untilMainSleeps(): Promise<void> {
    while (this.ring.isMainAwake()) await new Promise((resolve) => setImmediate(resolve))
  }
}

describe("a crew on the ring", () => {
  it("sleeps until it has something to do", () => {
    assert.isFalse(new Stage().ring.isMainAwake())
  })

  it("takes in what is done when it is woken, and sleeps again", async () => {
    const stage = new Stage()
    stage.crew.offer(job())
    await stage.untilMainSleeps()
    stage.answer(0, "first")
    assert.isTrue(stage.ring.takeWake())
    stage.wake(0)
    assert.deepStrictEqual(stage.values, ["first"])
    await stage.untilMainSleeps()
  })

  it("is woken by the next worker where one died before its message was sent", async () => {
    const stage = new Stage()
    stage.crew.offer(job())
    stage.crew.offer(job())
    await stage.untilMainSleeps()
    stage.answer(0, "of the dead")
    assert.isTrue(stage.ring.takeWake())
    stage.die(0, { how: "terminated" })
    assert.deepStrictEqual(stage.values, ["of the dead"])
    await stage.untilMainSleeps()
    stage.answer(1, "of the living")
    assert.isTrue(stage.ring.takeWake())
    stage.wake(1)
    assert.deepStrictEqual(stage.values, ["of the dead", "of the living"])
  })
})
