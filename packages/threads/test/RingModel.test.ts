import { assert, describe, it } from "@effect/vitest"
import { explore, type Mistake, type Shape } from "./RingModel.ts"

const plain: Shape = { workers: 2, slots: 2, tasks: 2, kills: 0, cancels: 0 }
const killed: Shape = { workers: 2, slots: 2, tasks: 2, kills: 1, cancels: 0 }
const inboxes: Shape = { workers: 2, slots: 2, tasks: 2, kills: 0, cancels: 0, assigned: 1 }
const fullInbox: Shape = { workers: 1, slots: 2, tasks: 3, kills: 0, cancels: 1, assigned: 3 }
const large: Shape = { workers: 2, slots: 2, tasks: 2, kills: 0, cancels: 0, wide: 2 }
const retired: Shape = { workers: 2, slots: 1, tasks: 1, kills: 0, cancels: 0, retires: 1 }
const ended: Shape = { workers: 1, slots: 2, tasks: 2, kills: 0, cancels: 0, halts: 1 }

const shapes: ReadonlyArray<Shape> = [
  plain,
  killed,
  { workers: 2, slots: 1, tasks: 2, kills: 1, cancels: 0 },
  { workers: 1, slots: 2, tasks: 3, kills: 1, cancels: 1 },
  inboxes,
  fullInbox,
  { workers: 1, slots: 2, tasks: 2, kills: 1, cancels: 1, assigned: 1 },
  large,
  { workers: 1, slots: 2, tasks: 2, kills: 1, cancels: 1, wide: 1 },
  retired,
  { workers: 1, slots: 2, tasks: 2, kills: 0, cancels: 0, wide: 1, retires: 1 },
  ended,
  { workers: 2, slots: 2, tasks: 2, kills: 0, cancels: 0, halts: 1 }
]

const named = ({ assigned, cancels, halts, kills, retires, slots, tasks, wide, workers }: Shape): string =>
  [
    `${tasks} tasks, ${slots} slots, ${workers} workers`,
    kills && `${kills} killed`,
    cancels && `${cancels} given up`,
    assigned && `${assigned} for one worker`,
    wide && `${wide} large`,
    retires && `${retires} retired`,
    halts && `${halts} ended for a task`
  ]
    .filter(Boolean)
    .join(", ")

describe("the model of the ring", () => {
  for (const shape of shapes) {
    it(`answers every task once: ${named(shape)}`, () => {
      const { states, violation } = explore(shape)
      assert.strictEqual(violation, undefined, JSON.stringify(violation, null, 1))
      assert.isAbove(states, 1_000)
      console.log(`${states} states: ${named(shape)}`)
    }, 120_000)
  }

  const mistakes: ReadonlyArray<readonly [Mistake, Shape, string]> = [
    ["park without looking again", plain, "never answered|waits behind"],
    ["spinner ends after its claim", plain, "waits behind"],
    ["no chain", plain, "waits behind"],
    ["sleep without draining", plain, "never answered"],
    ["asleep, leave it to M3", plain, "never answered|waits behind"],
    ["wake main before done", plain, "never answered"],
    ["claim without exchange", plain, "claimed twice"],
    ["assign without room", fullInbox, "never answered"],
    ["wait for arguments as if idle", large, "more than it has room for"],
    ["mail before the message", large, "more than it has room for"],
    ["stop without waking another", retired, "waits behind"],
    ["terminate without looking again", ended, "lost with a worker"],
    ["claim although barred", ended, "lost with a worker"],
    ["sleep through a death", killed, "never answered"]
  ]
  for (const [mistake, shape, what] of mistakes) {
    it(`finds the mistake: ${mistake}`, () => {
      const { violation } = explore(shape, mistake)
      assert.match(violation?.what ?? "nothing found", new RegExp(what))
      assert.isNotEmpty(violation?.trace)
    }, 60_000)
  }
})
