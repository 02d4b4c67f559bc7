/**
 * The protocol of `src/Ring.ts`, step by step: every step is one atomic access of shared memory, named as there, and
 * all interleavings of the steps of main and the workers are explored, with workers killed between any two steps.
 *
 * What is left out: payloads (a claim is the right to them), generations (the model's slots carry their task's number),
 * and time: spinning ends, and a blocked wait times out, whenever the explorer likes.
 */

export interface Shape {
  readonly workers: number
  readonly slots: number
  /** Tasks that main hands off, one after the other as slots come free. */
  readonly tasks: number
  /** Workers that may be killed; a killed one is replaced. */
  readonly kills: number
  /** Main gives up one task, at any time. */
  readonly cancels: number
}

/** A mistake to build into the protocol, to see the explorer find it. */
export type Mistake =
  | "none"
  /** W3 without the second look. */
  | "park without looking again"
  /** W2's SPINNER store after the claim instead of before. */
  | "spinner ends after its claim"
  /** A woken worker does not wake the next. */
  | "no chain"
  /** S2 left out. */
  | "sleep without draining"
  /** D2 before D1. */
  | "wake main before done"
  /** The claim as a load and a store. */
  | "claim without exchange"

const FREE = 0
const QUEUED = 1
const RUNNING = 2

/** Program counters of a worker. */
const W = {
  look: 0, // read HEAD and TAIL
  entry: 1, // read the entry at HEAD, then STATE
  claim: 2, // STATE: QUEUED -> RUNNING
  moveHead: 3, // HEAD + 1
  skipHead: 4, // HEAD + 1, the slot was not queued
  share: 5, // if more is queued, wake one
  sharePark: 6, // PARK of another 1 -> 0
  run: 7, // D1
  wakeMain: 8, // D2
  becomeSpinner: 9, // W1
  spin: 10, // look while spinning
  endSpin: 11, // W2
  park: 12, // W3
  lookAgain: 13, // W3
  wait: 14, // blocked until PARK is 0
  unpark: 15, // W4
  dead: 16
} as const

/** Program counters of main. */
const M = {
  idle: 0, // choose: publish, poll, sleep
  entry: 1, // M1: entry and TAIL (STATE was stored in the step before)
  spinner: 2, // M2: read SPINNER, and choose to wake now or to leave it to M3
  wake: 3, // M2: PARK of one 1 -> 0
  drain: 4,
  pollSpinner: 5, // M3 before sleep: read SPINNER
  pollWake: 6, // M3: wake while there are queued ones
  sleep: 7, // S1
  drainAgain: 8, // S2
  asleep: 9
} as const

/** Everything, as one flat array of small numbers, so that a state is a string. */
interface State {
  /** Positions and words. */
  tail: number
  head: number
  main: number
  spinner: number
  readonly entries: Array<number>
  readonly state: Array<number>
  readonly owner: Array<number>
  /** The task in a slot; 0 if main holds it free. */
  readonly task: Array<number>
  readonly park: Array<number>
  /** The done entries that main has not read, per worker. */
  readonly done: Array<Array<number>>
  message: number
  mainAt: number
  mainSlot: number
  mainLeft: number
  published: number
  killsLeft: number
  cancelsLeft: number
  readonly at: Array<number>
  readonly slot: Array<number>
  readonly headSeen: Array<number>
  readonly fresh: Array<number>
  /** How often each task was claimed, and answered. */
  readonly claimed: Array<number>
  readonly answered: Array<number>
  readonly lost: Array<number>
  readonly cancelled: Array<number>
}

const copy = (s: State): State => ({
  ...s,
  entries: [...s.entries],
  state: [...s.state],
  owner: [...s.owner],
  task: [...s.task],
  park: [...s.park],
  done: s.done.map((one) => [...one]),
  at: [...s.at],
  slot: [...s.slot],
  headSeen: [...s.headSeen],
  fresh: [...s.fresh],
  claimed: [...s.claimed],
  answered: [...s.answered],
  lost: [...s.lost],
  cancelled: [...s.cancelled]
})

/** A state as a string: every number is small, so each is one character. Claims are a history, and not part of it. */
const key = (s: State): string => {
  const all = [
    s.tail,
    s.head,
    s.main,
    s.spinner,
    s.message,
    s.mainAt,
    s.mainSlot,
    s.mainLeft,
    s.published,
    s.killsLeft,
    s.cancelsLeft,
    ...s.entries.slice(Math.min(s.head, ...s.at.map((at, w) => (at === W.entry ? s.headSeen[w]! : s.head)))),
    ...s.state,
    ...s.owner,
    ...s.task,
    ...s.park,
    ...s.at,
    ...s.slot.map((slot) => slot + 1),
    ...s.headSeen,
    ...s.fresh
  ]
  for (let task = 1; task < s.answered.length; task++) {
    all.push(s.answered[task]! + 4 * s.lost[task]! + 16 * s.cancelled[task]!)
  }
  for (const done of s.done) all.push(done.length, ...done)
  return String.fromCharCode(...all)
}

export interface Outcome {
  readonly states: number
  /** The first violation found, with the steps that lead to it. */
  readonly violation: { readonly what: string; readonly trace: ReadonlyArray<string> } | undefined
}

type Next = readonly [label: string, state: State]

/** Explores every interleaving, breadth first. */
export const explore = (shape: Shape, mistake: Mistake = "none"): Outcome => {
  const { slots, tasks, workers } = shape
  const fill = (length: number, value: number): Array<number> => Array.from({ length }, () => value)
  const first: State = {
    tail: 0,
    head: 0,
    main: 1,
    spinner: 0,
    entries: [],
    state: fill(slots, FREE),
    owner: fill(slots, 0),
    task: fill(slots, 0),
    park: fill(workers, 0),
    done: Array.from({ length: workers }, () => []),
    message: 0,
    mainAt: M.idle,
    mainSlot: 0,
    mainLeft: 0,
    published: 0,
    killsLeft: shape.kills,
    cancelsLeft: shape.cancels,
    at: fill(workers, W.look),
    slot: fill(workers, -1),
    headSeen: fill(workers, 0),
    fresh: fill(workers, 1),
    claimed: fill(tasks + 1, 0),
    answered: fill(tasks + 1, 0),
    lost: fill(tasks + 1, 0),
    cancelled: fill(tasks + 1, 0)
  }

  const drain = (s: State): void => {
    for (let w = 0; w < workers; w++) {
      for (const slot of s.done[w]!.splice(0)) {
        s.answered[s.task[slot]!]!++
        s.task[slot] = 0
        s.state[slot] = FREE
        s.owner[slot] = 0
      }
    }
  }

  const wakeOne = (s: State): boolean => {
    const w = s.park.indexOf(1)
    if (w < 0) return false
    s.park[w] = 0
    return true
  }

  const mainSteps = (s: State): Array<Next> => {
    const out: Array<Next> = []
    const go = (label: string, change: (n: State) => void): void => {
      const n = copy(s)
      change(n)
      out.push([`main ${label}`, n])
    }
    // A cancellation is one compare-and-exchange, at any time at which main is not inside an operation.
    if (s.cancelsLeft > 0 && (s.mainAt === M.idle || s.mainAt === M.asleep)) {
      for (let slot = 0; slot < slots; slot++) {
        if (s.task[slot] === 0 || s.state[slot] !== QUEUED) continue
        go(`revokes slot ${slot}`, (n) => {
          n.cancelsLeft--
          n.state[slot] = FREE
          n.cancelled[n.task[slot]!]!++
          n.task[slot] = 0
        })
      }
    }
    switch (s.mainAt) {
      case M.idle: {
        const free = s.task.indexOf(0)
        if (s.published < tasks && free >= 0) {
          go("M1 STATE", (n) => {
            n.published++
            n.task[free] = n.published
            n.state[free] = QUEUED
            n.mainSlot = free
            n.main = 0
            n.mainAt = M.entry
          })
        }
        go("drains", (n) => drain(n))
        go("M3 looks for a spinner", (n) => {
          n.mainAt = n.spinner === 0 && n.head !== n.tail ? M.pollWake : M.sleep
          n.mainLeft = n.mainAt === M.pollWake ? n.tail - n.head : 0
        })
        break
      }
      case M.entry:
        go("M1 TAIL", (n) => {
          n.entries[n.tail] = n.mainSlot
          n.tail++
          n.mainSlot = 0
          n.mainAt = M.spinner
        })
        break
      case M.spinner:
        go("M2 looks for a spinner", (n) => {
          n.mainAt = n.spinner === 0 ? M.wake : M.idle
        })
        go("leaves it to M3", (n) => {
          n.mainAt = M.idle
        })
        break
      case M.wake:
        go("M2 wakes", (n) => {
          wakeOne(n)
          n.mainAt = M.idle
        })
        break
      case M.pollWake:
        go("M3 wakes", (n) => {
          if (n.mainLeft > 0 && wakeOne(n)) n.mainLeft--
          else {
            n.mainLeft = 0
            n.mainAt = M.sleep
          }
        })
        break
      case M.sleep:
        go("S1", (n) => {
          n.main = 1
          n.mainAt = mistake === "sleep without draining" ? M.asleep : M.drainAgain
        })
        break
      case M.drainAgain:
        go("S2", (n) => {
          const some = n.done.some((one) => one.length > 0)
          drain(n)
          if (some) n.main = 0
          n.mainAt = some ? M.idle : M.asleep
        })
        break
      case M.asleep:
        if (s.message > 0) {
          go("S3", (n) => {
            n.message = 0
            n.main = 0
            drain(n)
            n.mainAt = M.idle
          })
        }
        // Something else wakes the loop, and it hands off another task.
        if (s.published < tasks && s.task.includes(0)) {
          go("is woken by its own work", (n) => {
            n.main = 0
            n.mainAt = M.idle
          })
        }
        break
    }
    return out
  }

  const hasWork = (s: State): boolean => s.head !== s.tail

  const workerSteps = (s: State, w: number): Array<Next> => {
    const out: Array<Next> = []
    const go = (label: string, change: (n: State) => void): void => {
      const n = copy(s)
      change(n)
      out.push([`worker ${w} ${label}`, n])
    }
    const goto = (n: State, at: number): void => {
      n.at[w] = at
      // What the worker has forgotten by then does not tell states apart.
      if (at === W.run || at === W.wakeMain) n.headSeen[w] = 0
      if (at === W.look || at === W.becomeSpinner || at === W.park) {
        n.headSeen[w] = 0
        n.slot[w] = -1
      }
      if (at === W.becomeSpinner) n.fresh[w] = 1
      if (at === W.run) n.fresh[w] = 0
    }
    switch (s.at[w]) {
      case W.look:
        go("looks", (n) => {
          n.headSeen[w] = n.head
          goto(n, hasWork(n) ? W.entry : W.becomeSpinner)
        })
        break
      case W.entry:
        go("reads the entry", (n) => {
          const slot = n.entries[n.headSeen[w]!]!
          n.slot[w] = slot
          goto(n, n.state[slot] === QUEUED ? W.claim : W.skipHead)
        })
        break
      case W.claim:
        go("claims", (n) => {
          const slot = n.slot[w]!
          if (n.state[slot] !== QUEUED && mistake !== "claim without exchange") return goto(n, W.look)
          n.state[slot] = RUNNING
          n.owner[slot] = w
          n.claimed[n.task[slot]!]!++
          goto(n, W.moveHead)
        })
        break
      case W.moveHead:
        go("moves HEAD", (n) => {
          if (n.head === n.headSeen[w]) n.head++
          goto(n, n.fresh[w] === 1 && mistake !== "no chain" ? W.share : W.run)
        })
        break
      case W.skipHead:
        go("skips an entry", (n) => {
          if (n.head === n.headSeen[w]) n.head++
          goto(n, W.look)
        })
        break
      case W.share:
        go("looks whether to share", (n) => {
          n.fresh[w] = 0
          if (mistake === "spinner ends after its claim" && n.spinner === w + 1) n.spinner = 0
          goto(n, hasWork(n) ? W.sharePark : W.run)
        })
        break
      case W.sharePark:
        go("wakes another", (n) => {
          wakeOne(n)
          goto(n, W.run)
        })
        break
      case W.run:
        // The function runs; it may also never end within this exploration, which the others must survive.
        go("D1", (n) => {
          if (mistake === "wake main before done") {
            if (n.main === 1) {
              n.main = 0
              n.message = 1
            }
          } else n.done[w]!.push(n.slot[w]!)
          goto(n, W.wakeMain)
        })
        break
      case W.wakeMain:
        go("D2", (n) => {
          if (mistake === "wake main before done") n.done[w]!.push(n.slot[w]!)
          else if (n.main === 1) {
            n.main = 0
            n.message = 1
          }
          n.slot[w] = -1
          goto(n, W.look)
        })
        break
      case W.becomeSpinner:
        go("W1", (n) => {
          if (n.spinner === 0) {
            n.spinner = w + 1
            goto(n, W.spin)
          } else goto(n, W.park)
        })
        break
      case W.spin:
        go("looks on", (n) => {
          if (mistake === "spinner ends after its claim" && hasWork(n)) {
            n.fresh[w] = 1
            return goto(n, W.look)
          }
          goto(n, W.endSpin)
        })
        break
      case W.endSpin:
        go("W2", (n) => {
          if (n.spinner === w + 1) n.spinner = 0
          n.fresh[w] = 1
          // With or without a find: what it found is looked at again, and otherwise it parks and looks again.
          goto(n, W.park)
        })
        // It found something, and goes to claim it.
        if (hasWork(s)) {
          go("W2, having found", (n) => {
            if (n.spinner === w + 1) n.spinner = 0
            n.fresh[w] = 1
            goto(n, W.look)
          })
        }
        break
      case W.park:
        go("W3 parks", (n) => {
          n.park[w] = 1
          n.fresh[w] = 1
          goto(n, mistake === "park without looking again" ? W.wait : W.lookAgain)
        })
        break
      case W.lookAgain:
        go("W3 looks again", (n) => goto(n, hasWork(n) ? W.unpark : W.wait))
        break
      case W.wait:
        if (s.park[w] === 0) go("wakes", (n) => goto(n, W.look))
        break
      case W.unpark:
        go("W4", (n) => {
          n.park[w] = 0
          goto(n, W.look)
        })
        break
    }
    return out
  }

  /** A worker is gone at this very step; main mourns it, and another takes its number. */
  const kill = (s: State, w: number): Next => {
    const n = copy(s)
    n.killsLeft--
    n.park[w] = 0
    if (n.spinner === w + 1) n.spinner = 0
    for (const slot of n.done[w]!.splice(0)) {
      n.answered[n.task[slot]!]!++
      n.task[slot] = 0
      n.state[slot] = FREE
      n.owner[slot] = 0
    }
    for (let slot = 0; slot < slots; slot++) {
      if (n.state[slot] !== RUNNING || n.owner[slot] !== w || n.task[slot] === 0) continue
      n.lost[n.task[slot]!]!++
      n.task[slot] = 0
      n.state[slot] = FREE
      n.owner[slot] = 0
    }
    for (let left = n.tail - n.head; left > 0 && wakeOne(n); left--);
    n.at[w] = W.look
    n.slot[w] = -1
    n.fresh[w] = 1
    return [`worker ${w} is killed`, n]
  }

  /** What must hold of every state. */
  const broken = (s: State): string | undefined => {
    for (let task = 1; task <= tasks; task++) {
      const ends = s.answered[task]! + s.lost[task]! + s.cancelled[task]!
      if (s.claimed[task]! > 1) return `task ${task} was claimed twice`
      if (ends > 1) return `task ${task} had ${ends} ends`
    }
    return undefined
  }

  /** What must hold of a state in which nobody can take a step. */
  const stuck = (s: State): string | undefined => {
    for (let task = 1; task <= s.published; task++) {
      const ends = s.answered[task]! + s.lost[task]! + s.cancelled[task]!
      if (ends === 0) return `task ${task} is never answered`
    }
    return undefined
  }

  /**
   * What must hold although one worker runs for ever: once main sleeps and the others wait, nothing is queued. The
   * runner is a worker about to do D1, which is then never taken.
   */
  const neglected = (s: State): string | undefined => {
    if (s.mainAt !== M.asleep || s.message > 0) return undefined
    const quiet = s.at.every((at, w) => at === W.run || (at === W.wait && s.park[w] === 1))
    if (!quiet || !s.at.includes(W.wait)) return undefined
    for (let position = s.head; position < s.tail; position++) {
      const slot = s.entries[position]!
      if (s.state[slot] === QUEUED) return `task ${s.task[slot]} waits behind a busy worker while another is parked`
    }
    return undefined
  }

  const parents = new Map<string, readonly [string, string] | undefined>()
  const trace = (of: string): ReadonlyArray<string> => {
    const steps: Array<string> = []
    for (let at = parents.get(of); at !== undefined; at = parents.get(at[1])) steps.push(at[0])
    return steps.toReversed()
  }
  const firstKey = key(first)
  parents.set(firstKey, undefined)
  let frontier: Array<readonly [string, State]> = [[firstKey, first]]
  while (frontier.length > 0) {
    const following: Array<readonly [string, State]> = []
    for (const [here, s] of frontier) {
      const nexts = mainSteps(s)
      // Draining and looking round change nothing by themselves: a state is stuck if nothing else can happen.
      let canMove = false
      for (let w = 0; w < workers; w++) {
        const steps = workerSteps(s, w)
        if (steps.length > 0) canMove = true
        nexts.push(...steps)
        if (s.killsLeft > 0) nexts.push(kill(s, w))
      }
      const what = neglected(s) ?? (!canMove && s.mainAt === M.asleep && s.message === 0 ? stuck(s) : undefined)
      if (what !== undefined) return { states: parents.size, violation: { what, trace: trace(here) } }
      for (const [label, next] of nexts) {
        const there = key(next)
        if (parents.has(there)) continue
        parents.set(there, [label, here])
        const wrong = broken(next)
        if (wrong !== undefined) return { states: parents.size, violation: { what: wrong, trace: trace(there) } }
        following.push([there, next])
      }
    }
    frontier = following
  }
  return { states: parents.size, violation: undefined }
}
