/**
 * The protocol of `src/Ring.ts`, step by step: every step is one atomic access of shared memory, named as there, and
 * all interleavings of the steps of main and the workers are explored, with workers killed between any two steps.
 *
 * What a shape does not ask for costs it no states: inboxes, large tasks, workers that are retired or ended for one task.
 * Each worker runs one task at a time.
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
  /** The last tasks are each given to one worker, through its inbox of one entry. */
  readonly assigned?: number
  /** The last tasks are too large for a slot: sent to an idle worker, or to the one that claims them. */
  readonly wide?: number
  /** Workers that main asks to stop; a stopped one is replaced. */
  readonly retires?: number
  /** Main gives up a running task and ends its worker for it, unless the task has ended. */
  readonly halts?: number
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
  /** M2 left to M3 by a main that sleeps and has none. */
  | "asleep, leave it to M3"
  /** D2 before D1. */
  | "wake main before done"
  /** The claim as a load and a store. */
  | "claim without exchange"
  /** An inbox that is written whether or not it has room. */
  | "assign without room"
  /** A worker that waits for arguments parks as one that can be called and woken. */
  | "wait for arguments as if idle"
  /** MAIL before the message. */
  | "mail before the message"
  /** W5 left out. */
  | "stop without waking another"
  /** B3 left out. */
  | "terminate without looking again"
  /** B4 left out. */
  | "claim although barred"
  /** A main that sleeps goes on sleeping when a worker dies that had taken MAIN and not sent its message. */
  | "sleep through a death"

const FREE = 0
const QUEUED = 1
const RUNNING = 2
const ASSIGNED = 3

/** PARK, as in `Ring.ts`. */
const PARKED = 1
const CALLED = 2
const HELD = 3

/** In a worker's port, beside the slots of large tasks. */
const STOP = -1
/** Added to a slot in a done entry: its arguments are wanted. */
const need = 10

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
  wakeMain: 8, // D2: MAIN 1 -> 0
  becomeSpinner: 9, // W1
  spin: 10, // look while spinning
  endSpin: 11, // W2
  park: 12, // W3
  lookAgain: 13, // W3
  wait: 14, // blocked until PARK is 0
  unpark: 15, // W4
  inboxEntry: 17, // read the entry at IHEAD, then STATE: ASSIGNED -> RUNNING
  moveInbox: 18, // IHEAD + 1
  receive: 19, // read the port, MAIL having been cleared
  awaitMail: 20, // called: wait for MAIL
  barred: 21, // B4
  waitBarred: 22, // wait for BAR to be 0
  search: 23, // as `look`, when nothing else is to be looked at first
  needWake: 24, // D2 of a done entry that wants arguments
  hold: 25, // PARK is 3
  holdLook: 26, // look for mail
  held: 27, // blocked until PARK is 0
  unhold: 28,
  leave: 29, // told to stop: PARK is 0
  passOn: 30, // W5
  exit: 31,
  postWake: 32, // D2: the message
  dead: 33 // main has not heard of it yet
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
  asleep: 9,
  entryAsleep: 10, // the same M1 and M2, without getting up
  spinnerAsleep: 11,
  wakeAsleep: 12,
  assign: 13, // entry and ITAIL
  assignWake: 14, // PARK of its worker 1 -> 0
  grant: 15, // STATE, and the message
  grantSpinner: 16, // PARK of the called spinner is 2
  mail: 17, // MAIL, and PARK -> 0
  halt: 18, // B2
  haltLook: 19, // B3
  haltEnd: 21, // terminated, which takes a while
  stop: 20 // the message that asks to stop
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
  /** The worker it deals with, and where it goes on afterwards. */
  mainWorker: number
  mainBack: number
  retiresLeft: number
  haltsLeft: number
  readonly mail: Array<number>
  readonly port: Array<Array<number>>
  readonly bar: Array<number>
  readonly inboxHead: Array<number>
  readonly inboxTail: Array<number>
  /** The one entry of each inbox. */
  readonly inboxSlot: Array<number>
  readonly inboxSeen: Array<number>
  /** Main has asked it to stop; it has been told. */
  readonly retiring: Array<number>
  readonly stopping: Array<number>
  /** The slot, plus 1, that it has claimed and whose arguments are on their way. */
  readonly awaiting: Array<number>
  /** It has read the arguments of the large task that it runs. */
  readonly sent: Array<number>
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
  /** 1: a worker was given more than it has room for. 2: a task was lost with a worker that was ended for another. */
  wrong: number
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
  mail: [...s.mail],
  port: s.port.map((one) => [...one]),
  bar: [...s.bar],
  inboxHead: [...s.inboxHead],
  inboxTail: [...s.inboxTail],
  inboxSlot: [...s.inboxSlot],
  inboxSeen: [...s.inboxSeen],
  retiring: [...s.retiring],
  stopping: [...s.stopping],
  awaiting: [...s.awaiting],
  sent: [...s.sent],
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
    s.mainWorker,
    s.mainBack,
    s.retiresLeft,
    s.haltsLeft,
    s.wrong,
    ...s.mail,
    ...s.bar,
    ...s.inboxHead,
    ...s.inboxTail,
    ...s.inboxSlot,
    ...s.inboxSeen,
    ...s.retiring,
    ...s.stopping,
    ...s.awaiting,
    ...s.sent,
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
  for (const port of s.port) all.push(port.length, ...port.map((one) => one + 1))
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
  const { assigned = 0, slots, tasks, wide = 0, workers } = shape
  const isAssigned = (task: number): boolean => task > tasks - assigned
  const isWide = (task: number): boolean => task > tasks - wide
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
    mainWorker: 0,
    mainBack: 0,
    wrong: 0,
    retiresLeft: shape.retires ?? 0,
    haltsLeft: shape.halts ?? 0,
    mail: fill(workers, 0),
    port: Array.from({ length: workers }, () => []),
    bar: fill(workers, 0),
    inboxHead: fill(workers, 0),
    inboxTail: fill(workers, 0),
    inboxSlot: fill(workers, 0),
    inboxSeen: fill(workers, 0),
    retiring: fill(workers, 0),
    stopping: fill(workers, 0),
    awaiting: fill(workers, 0),
    sent: fill(workers, 0),
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

  const post = (s: State, w: number, message: number): void => {
    s.port[w]!.push(message)
    s.mail[w] = 1
    s.park[w] = 0
  }

  const drain = (s: State): void => {
    for (let w = 0; w < workers; w++) {
      for (const slot of s.done[w]!.splice(0)) {
        if (slot >= need) {
          // The message, MAIL and PARK in one step: the worker does nothing in between but look for MAIL.
          post(s, w, slot - need)
          continue
        }
        s.answered[s.task[slot]!]!++
        s.task[slot] = 0
        s.state[slot] = FREE
        s.owner[slot] = 0
      }
    }
  }

  const wakeOne = (s: State): boolean => {
    const w = s.park.indexOf(PARKED)
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
        if (s.task[slot] === 0 || (s.state[slot] !== QUEUED && s.state[slot] !== ASSIGNED)) continue
        go(`revokes slot ${slot}`, (n) => {
          n.cancelsLeft--
          n.state[slot] = FREE
          n.cancelled[n.task[slot]!]!++
          n.task[slot] = 0
        })
      }
    }
    const isMainFree = isFree(s)
    const from = (n: State, at: number, w: number): void => {
      n.mainBack = n.mainAt
      n.mainAt = at
      n.mainWorker = w
    }
    const next = s.published + 1
    if (isMainFree && next <= tasks && s.task.includes(0)) {
      const slot = s.task.indexOf(0)
      const hold = (n: State, status: number, w: number): void => {
        n.published++
        n.task[slot] = next
        n.state[slot] = status
        n.owner[slot] = w
        n.mainSlot = slot
      }
      if (isAssigned(next)) {
        for (let w = 0; w < workers; w++) {
          if (s.retiring[w] === 1) continue
          const isFull = s.inboxTail[w]! > s.inboxHead[w]!
          const entry = s.inboxSlot[w]!
          const isLive = isFull && s.state[entry] === ASSIGNED && s.owner[entry] === w && s.task[entry] !== 0
          if (isFull && !isLive) go(`skips an entry of inbox ${w}`, (n) => void n.inboxHead[w]!++)
          if (isFull && mistake !== "assign without room") continue
          go(`assigns to worker ${w}`, (n) => {
            hold(n, ASSIGNED, w)
            from(n, M.assign, w)
          })
        }
      }
      if (isWide(next) && s.head === s.tail) {
        for (let w = 0; w < workers; w++) {
          if (s.retiring[w] === 1) continue
          if (s.spinner === w + 1) {
            go(`calls the spinner ${w}`, (n) => {
              n.spinner = 0
              from(n, M.grantSpinner, w)
            })
          }
          if (s.park[w] === PARKED) {
            go(`calls worker ${w}`, (n) => {
              n.park[w] = CALLED
              from(n, M.grant, w)
            })
          }
        }
      }
    }
    if (isMainFree && s.retiresLeft > 0) {
      for (let w = 0; w < workers; w++) {
        if (s.retiring[w] === 1) continue
        go(`retires worker ${w}`, (n) => {
          n.retiresLeft--
          n.retiring[w] = 1
          for (let slot = 0; slot < slots; slot++) {
            if (n.state[slot] !== ASSIGNED || n.owner[slot] !== w || n.task[slot] === 0) continue
            n.state[slot] = FREE
            n.cancelled[n.task[slot]!]!++
            n.task[slot] = 0
          }
          from(n, M.stop, w)
        })
      }
    }
    if (isMainFree && s.haltsLeft > 0) {
      for (let slot = 0; slot < slots; slot++) {
        const w = s.owner[slot]!
        // B1.
        if (s.state[slot] !== RUNNING || s.task[slot] === 0 || s.done[w]!.includes(slot)) continue
        go(`is about to end worker ${w} for slot ${slot}`, (n) => {
          n.haltsLeft--
          n.mainSlot = slot
          from(n, M.halt, w)
        })
      }
    }
    const main = s.mainWorker
    const back = (n: State): void => {
      n.mainAt = n.mainBack
      n.mainBack = n.mainWorker = n.mainSlot = 0
    }
    switch (s.mainAt) {
      case M.assign:
        go("writes entry and ITAIL", (n) => {
          n.inboxSlot[main] = n.mainSlot
          n.inboxTail[main]!++
          n.mainAt = M.assignWake
        })
        break
      case M.assignWake:
        go("wakes it", (n) => {
          if (n.park[main] === PARKED) n.park[main] = 0
          back(n)
        })
        break
      case M.grantSpinner:
        go("PARK of the called spinner", (n) => {
          n.park[main] = CALLED
          n.mainAt = M.grant
        })
        break
      case M.grant:
        go("grants and posts", (n) => {
          const slot = n.task.indexOf(0)
          n.published++
          n.task[slot] = n.published
          n.claimed[n.published]!++
          n.state[slot] = RUNNING
          n.owner[slot] = main
          if (mistake === "mail before the message") {
            n.mail[main] = 1
            n.park[main] = 0
            n.mainSlot = slot
          } else n.port[main]!.push(slot)
          n.mainAt = M.mail
        })
        break
      case M.stop:
        go("posts that it stops", (n) => {
          n.port[main]!.push(STOP)
          n.mainAt = M.mail
        })
        break
      case M.mail:
        go("MAIL", (n) => {
          if (mistake === "mail before the message" && n.retiring[main] === 0) n.port[main]!.push(n.mainSlot)
          else {
            n.mail[main] = 1
            n.park[main] = 0
          }
          back(n)
        })
        break
      case M.halt:
        go("B2", (n) => {
          n.bar[main] = 1
          n.mainAt = M.haltLook
        })
        break
      case M.haltLook: {
        const hasEnded = s.done[main]!.includes(s.mainSlot)
        if (hasEnded && mistake !== "terminate without looking again") {
          go("B3, and lets it live", (n) => {
            n.bar[main] = 0
            back(n)
          })
        } else {
          go("B3, and terminates it", (n) => {
            n.mainAt = M.haltEnd
          })
        }
        break
      }
      case M.haltEnd: {
        const { mainSlot } = s
        const resting = copy(s)
        back(resting)
        const n = gone(resting, main, "main ends worker")
        const lost = s.task.filter((task, slot) => task !== 0 && n[1].lost[task]! > s.lost[task]! && slot !== mainSlot)
        if (lost.length > 0) n[1].wrong = 2
        out.push(n)
        break
      }
      case M.idle: {
        const free = s.task.indexOf(0)
        if (s.published < tasks && free >= 0 && !isAssigned(next)) {
          go("M1 STATE", (n) => {
            n.published++
            n.task[free] = n.published
            n.state[free] = QUEUED
            n.mainSlot = free
            n.main = 0
            n.mainAt = M.entry
          })
        }
        if (s.message > 0) go("hears a message that it does not need", (n) => void (n.message = 0))
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
      case M.entryAsleep:
        go("M1 TAIL, asleep", (n) => {
          n.entries[n.tail] = n.mainSlot
          n.tail++
          n.mainSlot = 0
          n.mainAt = mistake === "asleep, leave it to M3" ? M.asleep : M.spinnerAsleep
        })
        break
      case M.spinnerAsleep:
        go("M2 looks for a spinner, asleep", (n) => {
          n.mainAt = n.spinner === 0 ? M.wakeAsleep : M.asleep
        })
        break
      case M.wakeAsleep:
        go("M2 wakes, asleep", (n) => {
          wakeOne(n)
          n.mainAt = M.asleep
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
        // Something else wakes the loop, and it hands off another task: with MAIN as it is, or after it got up.
        if (s.published < tasks && s.task.includes(0) && !isAssigned(next)) {
          const free = s.task.indexOf(0)
          go("M1 STATE, asleep", (n) => {
            n.published++
            n.task[free] = n.published
            n.state[free] = QUEUED
            n.mainSlot = free
            n.mainAt = M.entryAsleep
          })
        }
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

  const hasWork = (s: State, w: number): boolean => s.head !== s.tail || s.inboxHead[w] !== s.inboxTail[w]

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
      if (at !== W.moveInbox) n.inboxSeen[w] = 0
    }
    const started = (n: State): number => (n.fresh[w] === 1 && mistake !== "no chain" ? W.share : W.run)

    const takeMain = (n: State): void => {
      const isMine = n.main === 1
      if (isMine) n.main = 0
      goto(n, isMine ? W.postWake : W.look)
    }

    const search = (): void => {
      if (s.inboxHead[w] !== s.inboxTail[w]) {
        return go("looks into its inbox", (n) => {
          n.inboxSeen[w] = n.inboxHead[w]!
          n.at[w] = W.inboxEntry
        })
      }
      go("looks", (n) => {
        n.headSeen[w] = n.head
        goto(n, n.head !== n.tail ? W.entry : W.becomeSpinner)
      })
    }
    switch (s.at[w]) {
      case W.look:
        if (s.mail[w] === 1) {
          go("takes its mail", (n) => {
            n.mail[w] = 0
            goto(n, W.receive)
          })
          break
        }
        if (s.stopping[w] === 1) {
          go("leaves", (n) => goto(n, n.awaiting[w]! > 0 ? W.held : W.leave))
          break
        }
        if (s.awaiting[w]! > 0) {
          go("has no room", (n) => goto(n, W.hold))
          break
        }
        if ((shape.halts ?? 0) > 0 && mistake !== "claim although barred") {
          go("has room", (n) => goto(n, W.barred))
          break
        }
        search()
        break
      case W.search:
        search()
        break
      case W.inboxEntry:
        go("claims from its inbox", (n) => {
          const slot = n.inboxSlot[w]!
          const seen = n.inboxSeen[w]!
          n.slot[w] = -1
          if (n.state[slot] === ASSIGNED && n.owner[slot] === w && n.task[slot] !== 0) {
            n.state[slot] = RUNNING
            n.claimed[n.task[slot]!]!++
            n.slot[w] = slot
          }
          goto(n, W.moveInbox)
          n.inboxSeen[w] = seen
        })
        break
      case W.moveInbox:
        go("moves IHEAD", (n) => {
          if (n.inboxHead[w] === n.inboxSeen[w]) n.inboxHead[w]!++
          if (n.slot[w]! >= 0) goto(n, started(n))
          else goto(n, W.look)
        })
        break
      case W.receive:
        go("reads its port", (n) => {
          goto(n, W.look)
          for (const one of n.port[w]!.splice(0)) {
            if (one === STOP) n.stopping[w] = 1
            else {
              if (n.awaiting[w]! > 0 && n.awaiting[w] !== one + 1) n.wrong = 1
              n.awaiting[w] = 0
              n.sent[w] = 1
              n.slot[w] = one
              const { fresh } = n
              const was = fresh[w]!
              goto(n, W.run)
              // It was not woken for this one.
              fresh[w] = was
            }
          }
        })
        break
      case W.awaitMail:
        if (s.mail[w] === 1) go("has mail", (n) => goto(n, W.look))
        break
      case W.barred:
        go("B4", (n) => goto(n, n.bar[w] === 0 ? W.search : W.waitBarred))
        break
      case W.waitBarred:
        if (s.bar[w] === 0) go("is not barred any more", (n) => goto(n, W.search))
        break
      case W.needWake:
        go("D2, wanting arguments", (n) => takeMain(n))
        break
      case W.hold:
        go("waits for mail alone", (n) => {
          n.park[w] = mistake === "wait for arguments as if idle" ? PARKED : HELD
          goto(n, W.holdLook)
        })
        break
      case W.holdLook:
        go("looks for mail", (n) => goto(n, n.mail[w] === 1 ? W.unhold : W.held))
        break
      case W.held:
        if (s.park[w] === 0 && (s.stopping[w] === 0 || s.mail[w] === 1))
          go("wakes for its mail", (n) => goto(n, W.look))
        if (s.park[w] === CALLED && s.mail[w] === 1) go("is called", (n) => goto(n, W.look))
        break
      case W.unhold:
        go("has mail already", (n) => {
          if (n.park[w] === HELD || n.park[w] === PARKED) n.park[w] = 0
          goto(n, W.look)
        })
        break
      case W.leave:
        go("is not to be woken any more", (n) => {
          n.park[w] = 0
          goto(n, mistake === "stop without waking another" ? W.exit : W.passOn)
        })
        break
      case W.passOn:
        go("W5", (n) => {
          if (n.head !== n.tail) wakeOne(n)
          goto(n, W.exit)
        })
        break
      case W.exit:
        // The stop hook may also never end.
        if (isFree(s)) out.push(gone(s, w, "worker ends:"))
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
          goto(n, started(n))
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
          goto(n, hasWork(n, w) ? W.sharePark : W.run)
        })
        break
      case W.sharePark:
        go("wakes another", (n) => {
          wakeOne(n)
          goto(n, W.run)
        })
        break
      case W.run:
        if (isWide(s.task[s.slot[w]!]!) && s.sent[w] === 0) {
          go("D1, wanting arguments", (n) => {
            n.done[w]!.push(n.slot[w]! + need)
            n.awaiting[w] = n.slot[w]! + 1
            goto(n, W.needWake)
          })
          break
        }
        // The function runs; it may also never end within this exploration, which the others must survive.
        go("D1", (n) => {
          if (mistake === "wake main before done") {
            if (n.main === 1) {
              n.main = 0
              n.message = 1
            }
          } else n.done[w]!.push(n.slot[w]!)
          n.sent[w] = 0
          goto(n, W.wakeMain)
        })
        break
      case W.wakeMain:
        go("D2", (n) => {
          n.slot[w] = -1
          if (mistake !== "wake main before done") return takeMain(n)
          n.done[w]!.push(s.slot[w]!)
          goto(n, W.look)
        })
        break
      case W.postWake:
        go("D2, the message", (n) => {
          n.message = 1
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
        if (s.mail[w] === 1 || s.spinner !== w + 1) {
          go("finds that it was called, or has mail", (n) => {
            const isCalled = n.spinner !== w + 1
            if (!isCalled) n.spinner = 0
            n.fresh[w] = 1
            goto(n, isCalled ? W.awaitMail : W.look)
          })
        }
        go("looks on", (n) => {
          if (mistake === "spinner ends after its claim" && hasWork(n, w)) {
            n.fresh[w] = 1
            return goto(n, W.look)
          }
          goto(n, W.endSpin)
        })
        break
      case W.endSpin:
        if (s.spinner !== w + 1) {
          go("W2, called", (n) => goto(n, W.awaitMail))
          break
        }
        go("W2", (n) => {
          n.spinner = 0
          n.fresh[w] = 1
          // With or without a find: what it found is looked at again, and otherwise it parks and looks again.
          goto(n, W.park)
        })
        // It found something, and goes to claim it.
        if (hasWork(s, w)) {
          go("W2, having found", (n) => {
            if (n.spinner === w + 1) n.spinner = 0
            n.fresh[w] = 1
            goto(n, W.look)
          })
        }
        break
      case W.park:
        go("W3 parks", (n) => {
          n.park[w] = PARKED
          n.fresh[w] = 1
          goto(n, mistake === "park without looking again" ? W.wait : W.lookAgain)
        })
        break
      case W.lookAgain:
        go("W3 looks again", (n) => goto(n, hasWork(n, w) || n.mail[w] === 1 ? W.unpark : W.wait))
        break
      case W.wait:
        if (s.park[w] === 0) go("wakes", (n) => goto(n, W.look))
        if (s.park[w] === CALLED) go("is called", (n) => goto(n, W.awaitMail))
        break
      case W.unpark:
        go("W4", (n) => {
          if (n.park[w] === CALLED) return goto(n, W.awaitMail)
          n.park[w] = 0
          goto(n, W.look)
        })
        break
    }
    return out
  }

  /** Main hears of a worker's end between its other doings. */
  const isFree = (s: State): boolean => s.mainAt === M.idle || s.mainAt === M.asleep

  /** At any step, whatever main is doing; it hears of it later. */
  const kill = (s: State, w: number): Next => {
    const n = copy(s)
    n.killsLeft--
    n.at[w] = W.dead
    return [`worker ${w} is killed`, n]
  }

  /** A worker is gone at this very step; main mourns it, and another takes its number. */
  const gone = (s: State, w: number, label: string): Next => {
    const n = copy(s)
    n.park[w] = 0
    if (n.spinner === w + 1) n.spinner = 0
    for (const slot of n.done[w]!.splice(0)) {
      if (slot >= need) continue
      n.answered[n.task[slot]!]!++
      n.task[slot] = 0
      n.state[slot] = FREE
      n.owner[slot] = 0
    }
    for (let slot = 0; slot < slots; slot++) {
      if (n.owner[slot] !== w || n.task[slot] === 0) continue
      if (n.state[slot] === RUNNING) {
        n.lost[n.task[slot]!]!++
        n.task[slot] = 0
        n.state[slot] = FREE
        n.owner[slot] = 0
      } else if (n.state[slot] === ASSIGNED) {
        // It goes to the queue, or to another's inbox.
        n.state[slot] = QUEUED
        n.owner[slot] = 0
        n.entries[n.tail] = slot
        n.tail++
      }
    }
    n.mail[w] = n.bar[w] = n.inboxHead[w] = n.inboxTail[w] = n.inboxSlot[w] = n.inboxSeen[w] = 0
    n.retiring[w] = n.stopping[w] = n.awaiting[w] = n.sent[w] = 0
    n.port[w] = []
    for (let left = n.tail - n.head; left > 0 && wakeOne(n); left--);
    // As by a message: it drains, and says anew that it sleeps.
    if (n.mainAt === M.asleep && mistake !== "sleep through a death") n.message = 1
    n.at[w] = W.look
    n.slot[w] = -1
    n.headSeen[w] = 0
    n.fresh[w] = 1
    return [`${label} ${w}`, n]
  }

  /** What must hold of every state. */
  const broken = (s: State): string | undefined => {
    if (s.wrong === 1) return "a worker was given more than it has room for"
    if (s.wrong === 2) return "a task was lost with a worker that was ended for another"
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
    const quiet = s.at.every((at, w) => at === W.run || at === W.exit || (at === W.wait && s.park[w] === PARKED))
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
        if (s.at[w] === W.dead) {
          canMove = true
          if (isFree(s)) nexts.push(gone(s, w, "main mourns worker"))
        } else if (s.killsLeft > 0) nexts.push(kill(s, w))
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
