/**
 * A crew of threads that pull their jobs from shared memory: the pool's side of `Ring.ts`. Small calls cost no message
 * at all; large ones are announced in the ring like the others and sent to whichever worker claims them, or at once to
 * a worker that is known to be idle.
 */
import { Codec } from "./Codec.ts"
import * as Copies from "./Copies.ts"
import type { Crew, CrewEvents } from "./Crew.ts"
import { describe } from "./Fault.ts"
import * as Histogram from "./Histogram.ts"
import { type Ending, type Job, Phase } from "./Job.ts"
import * as limits from "./limits.ts"
import { Patience } from "./Patience.ts"
import type { Birth, Definition, ToPool } from "./protocol.ts"
import {
  busyOffset,
  carryFlag,
  endedOffset,
  heapOffset,
  Kind,
  Ring,
  runHistogramOffset,
  type Shared,
  waitHistogramOffset,
  wideFlag
} from "./Ring.ts"
import type { Open, Wire } from "./Wire.ts"

interface Member {
  readonly worker: number
  readonly wire: Wire
  startFault: Ending | undefined
  /** How far its done ring is read. */
  read: number
  isReady: boolean
  isRetiring: boolean
  /** Its end is awaited, and keeps the process alive. */
  isEnding: boolean
}

export interface Options {
  readonly open: Open
  readonly maxThreads: number
  readonly callsAtOnce: number
  readonly birth: (worker: number, ring: Shared) => Birth
  readonly events: CrewEvents
}

/** Calls of one turn of the main loop that are timed: all of a few, a sample of many. */
const timedPerTurn = 4

/** Slots for so many workers: a power of two, and more than all of them may have started. */
const slotsFor = (workers: number, callsAtOnce: number): number =>
  Math.max(limits.ringSlots, 2 ** Math.ceil(Math.log2(Math.min(limits.ringSlotsMost, 2 * (workers + 1) * callsAtOnce))))

export const make = (options: Options): Crew => {
  const { callsAtOnce, events, maxThreads } = options
  const slots = slotsFor(maxThreads, callsAtOnce)
  const shape = { slots, payloadOctets: limits.payloadOctets, workers: maxThreads }
  const ring = new Ring(shape)
  const codec = new Codec(ring.buffer)
  const shared: Shared = { shape, buffer: ring.buffer }
  const members = new Map<number, Member>()
  /** The members as an array, which is quicker to go through. */
  let living: ReadonlyArray<Member> = []
  const jobs: Array<Job | undefined> = Array.from({ length: shape.slots })
  /** Free slots; the one freed last is used first, while its lines are still in the cache. */
  const free = Int32Array.from({ length: shape.slots }, (_, i) => shape.slots - 1 - i)
  let freeCount = shape.slots
  let isPolling = false
  let isHolding = false
  const lingering = new Patience(limits.lingerMicroseconds)
  let isLingering = false
  let lingerUntil = 0
  /** Microseconds to look on that were granted when main began to poll. */
  let granted = 0
  /** Calls handed off since the main loop last looked, while it did not poll. */
  let unseen = 0
  /** When a parked worker was last woken for a call, in this turn of the main loop. */
  let wokenAt = -Infinity
  let timedLeft = timedPerTurn
  let lastHead = -1

  const release = (slot: number): Job | undefined => {
    const job = jobs[slot]
    if (job === undefined) return undefined
    jobs[slot] = undefined
    free[freeCount++] = slot
    return job
  }

  const occupy = (slot: number, job: Job): void => {
    freeCount--
    jobs[slot] = job
    job.ticket = slot
    job.phase = Phase.offered
    if (isPolling) return
    // Where looking on does not pay, main stays asleep until a completion wakes it.
    granted = lingering.next()
    unseen++
    if (granted > 0 || unseen > limits.callsUnseen) awake()
    else hold(true)
  }

  /** Sends a call that does not fit a slot. */
  const send = ({ args, carry, fn, mode, transfer }: Job, slot: number, { wire }: Member): void => {
    const copies = transfer === undefined ? Copies.of(args) : undefined
    const message = { _tag: "Run", id: slot, fn, mode, args, carry } as const
    if (copies === undefined) wire.post(message, transfer)
    else wire.post({ ...message, args: copies.value as ReadonlyArray<unknown> }, copies.moved)
  }

  /** Sends a large call to a worker that has nothing to do, if there is one. */
  const sendToIdle = (job: Job, slot: number): boolean => {
    for (const member of living) {
      const { isReady, isRetiring, worker } = member
      if (!isReady || isRetiring || !(ring.callSpinner(worker) || ring.call(worker))) continue
      ring.grant(slot, worker)
      job.worker = worker
      try {
        send(job, slot, member)
        occupy(slot, job)
      } finally {
        ring.mail(worker)
      }
      return true
    }
    return false
  }

  /** Writes a job into the free slot on top. False if it is too large for it. */
  const write = (job: Job, slot: number): boolean => {
    const isWide =
      job.transfer !== undefined ||
      !codec.writeArguments(
        job.carry === undefined ? job.args : [job.carry, job.args],
        ring.payloadAt(slot),
        ring.payloadEnd(slot)
      )
    const flags = job.mode | (isWide ? wideFlag : 0) | (job.carry === undefined ? 0 : carryFlag)
    let stamp = 0
    if (timedLeft > 0) {
      timedLeft--
      stamp = (performance.now() * 1000) | 0 || 1
    }
    ring.prepare(slot, job.fn, flags, stamp)
    return !isWide
  }

  const offer = (job: Job): boolean => {
    if (freeCount === 0) return false
    const slot = free[freeCount - 1]!
    if (!write(job, slot) && ring.queued() === 0 && sendToIdle(job, slot)) return true
    if (!ring.publish(slot)) return false
    occupy(slot, job)
    if (!ring.hasSpinner() && isToWake()) ring.wakeOne()
    return true
  }

  /**
   * M2, whether not to leave it to M3. Asleep, main has no M3. A burst handed off in one turn would otherwise, where the
   * worker shares main's core, switch between the two for every call.
   */
  const isToWake = (): boolean => {
    if (!isPolling) return true
    if (!isNobodyAwake()) return false
    const now = performance.now()
    if (now - wokenAt < limits.wakePause && ring.queued() < limits.worthWakingAnew) return false
    wokenAt = now
    return true
  }

  /** Whether all workers are parked. If one is awake, `poll` will see whether it keeps up: a wake-up is dear. */
  const isNobodyAwake = (): boolean => {
    for (let i = 0; i < living.length; i++) {
      const { isReady, worker } = living[i]!
      if (isReady && !ring.isParked(worker)) return false
    }
    return true
  }

  /**
   * Whether nobody has claimed anything since the last turn. While calls are claimed quickly, the workers that are
   * awake keep up, and waking another would cost more than it brings.
   */
  const isStuck = (): boolean => {
    const head = ring.head()
    if (head === lastHead) return true
    lastHead = head
    return false
  }

  const awake = (): void => {
    isPolling = true
    ring.wakeMain()
    setImmediate(poll)
  }

  const poll = (): void => {
    const taken = look()
    if (taken > 0) {
      if (isLingering) lingering.paid()
      isLingering = false
      setImmediate(poll)
      return
    }
    if (freeCount < shape.slots) {
      if (!isLingering) {
        isLingering = true
        lingerUntil = performance.now() + (granted > 0 ? granted : lingering.next()) / 1000
        granted = 0
      }
      if (performance.now() < lingerUntil) {
        setImmediate(poll)
        return
      }
      lingering.wasted()
    }
    isLingering = false
    sleep()
  }

  /** Takes in what is done, and sees to it that what is queued is claimed; how many. */
  const look = (): number => {
    timedLeft = timedPerTurn
    unseen = 0
    wokenAt = -Infinity
    const taken = drainOnAndOn()
    const queued = ring.queued()
    // M3: what M2 left undone, or what is worth another worker.
    if (queued > 0 && !ring.hasSpinner() && (isStuck() || queued > limits.worthWaking || isNobodyAwake())) {
      ring.wakeOne()
    }
    return taken
  }

  /** S3. Where few completions come and looking on does not pay, main goes back to sleep at once. */
  const woken = (): void => {
    isPolling = true
    isLingering = false
    const taken = look()
    granted = freeCount < shape.slots ? lingering.next() : 0
    if (granted > 0 || taken > living.length) setImmediate(poll)
    else sleep()
  }

  /** S1 and S2. */
  const sleep = (): void => {
    if (!ring.hasSpinner()) for (let left = ring.queued(); left > 0 && ring.wakeOne(); left--);
    ring.sleepMain()
    if (drain() > 0) {
      ring.wakeMain()
      setImmediate(poll)
      return
    }
    isPolling = false
    hold(freeCount < shape.slots)
  }

  /** While calls are out, the workers keep the process alive. */
  const hold = (alive: boolean): void => {
    if (alive === isHolding) return
    isHolding = alive
    for (const member of members.values()) if (!member.isEnding) member.wire.hold(alive)
  }

  /** Takes in what the workers have done; how many. */
  const drain = (): number => {
    let taken = 0
    for (let i = 0; i < living.length; i++) {
      const member = living[i]!
      taken += drainWorker(member.worker, member, limits.completionsPerTurn)
    }
    return taken
  }

  /**
   * While completions come, looks again a few times before it ends the turn: a turn of the event loop costs as much as
   * several completions. Bounded, so that other events get theirs.
   */
  const drainOnAndOn = (): number => {
    let taken = drain()
    if (taken === 0) return 0
    for (let looks = 0; looks < limits.looksPerTurn && taken < limits.completionsPerTurn; looks++) {
      const more = drain()
      if (more === 0) continue
      taken += more
      looks = -1
    }
    return taken
  }

  const drainWorker = (worker: number, member: Member, most: number): number => {
    let taken = 0
    while (taken < most) {
      const tail = ring.doneTail(worker)
      if (tail === member.read) break
      while (member.read !== tail) {
        const entry = ring.doneEntry(worker, member.read)
        member.read = (member.read + 1) | 0
        taken++
        const slot = entry >> 1
        if ((entry & 1) === Kind.need) {
          need(slot, worker, member)
          continue
        }
        const value = codec.read(ring.payloadAt(slot))
        const job = release(slot)
        if (job === undefined) continue
        job.worker = worker
        events.value(job, value)
      }
    }
    return taken
  }

  /** A worker has claimed a call whose arguments do not fit a slot. */
  const need = (slot: number, worker: number, member: Member): void => {
    const job = jobs[slot]
    if (job === undefined) return
    job.worker = worker
    try {
      send(job, slot, member)
    } catch (error) {
      member.wire.post({ _tag: "Drop", id: slot })
      release(slot)
      events.threw(job, describe(error))
    }
    ring.mail(worker)
  }

  const message = (worker: number, member: Member, message: ToPool): void => {
    switch (message._tag) {
      case "Ready":
        member.isReady = true
        if (!member.isEnding) member.wire.hold(isHolding)
        return events.ready(worker)
      case "StartFailed": {
        const { fault } = message
        member.startFault = {
          how: "crash",
          detail: `its start hook threw ${fault.name}: ${fault.message}`,
          cause: fault
        }
        return member.wire.terminate()
      }
      case "Value": {
        const job = release(message.id)
        if (job === undefined) return
        job.worker = worker
        events.value(job, message.value)
        return settled()
      }
      case "Threw": {
        const job = release(message.id)
        if (job === undefined) return
        job.worker = worker
        events.threw(job, message.fault)
        return settled()
      }
      case "Items": {
        const job = jobs[message.id]
        if (job !== undefined) events.items(job, message.items)
        return
      }
      case "Progress": {
        const job = jobs[message.id]
        if (job !== undefined) events.progress(job, message.value)
        return
      }
      case "Crashed":
      case "Heap":
        return
      case "Wake":
        if (!isPolling) woken()
        return
    }
  }

  const settled = (): void => {
    if (freeCount === shape.slots && !isPolling) hold(false)
  }

  const exited = (worker: number, member: Member, ending: Ending): void => {
    // What it had answered before it ended counts; what it had not is lost.
    drainWorker(worker, member, Infinity)
    members.delete(worker)
    living = [...members.values()]
    const touched: Array<Job> = []
    const untouched: Array<Job> = []
    if (freeCount < shape.slots) {
      for (let slot = 0; slot < shape.slots; slot++) {
        if (jobs[slot] === undefined) continue
        if (ring.isRunningOn(slot, worker)) touched.push(release(slot)!)
        else if (ring.isAssignedTo(slot, worker) && ring.revoke(slot)) untouched.push(release(slot)!)
      }
    }
    ring.mourn(worker)
    const done = ring.numbers[(ring.workerAt(worker) >> 1) + endedOffset]!
    events.exited(worker, done, member.startFault ?? ending, touched, untouched)
    settled()
    // It may have taken MAIN and not sent its message; nobody else would.
    if (!isPolling) woken()
  }

  /** Whether the worker has ended a call that it claimed, although its answer has not been taken in. */
  const hasEnded = (slot: number, { read, worker }: Member): boolean => {
    if (ring.isTold(slot)) return true
    const entry = slot * 2 + Kind.done
    const tail = ring.doneTail(worker)
    for (let at = read; at !== tail; at = (at + 1) | 0) if (ring.doneEntry(worker, at) === entry) return true
    return false
  }

  /** The message must be seen, wherever the worker is. */
  const post = (worker: number, message: Parameters<Wire["post"]>[0]): void => {
    const member = members.get(worker)
    if (member === undefined) return
    member.wire.post(message)
    ring.mail(worker)
  }

  const terminate = (worker: number): void => {
    const member = members.get(worker)
    if (member === undefined) return
    member.isEnding = true
    member.wire.hold(true)
    member.wire.terminate()
  }

  // It does not poll yet: the first completion, too, is to send a message.
  ring.sleepMain()

  return {
    start: (worker) => {
      ring.reset(worker)
      const wire: Wire = options.open(options.birth(worker, shared), {
        message: (one) => message(worker, member, one),
        exit: (ending) => exited(worker, member, ending)
      })
      const member: Member = {
        worker,
        wire,
        startFault: undefined,
        read: 0,
        isReady: false,
        isRetiring: false,
        isEnding: false
      }
      members.set(worker, member)
      living = [...members.values()]
    },
    define: (definition: Definition) => {
      // No mail: a worker that claims a call of it looks into its port first.
      for (const member of members.values()) member.wire.post({ _tag: "Define", definition })
    },
    offer,
    assign: (job, worker) => {
      const member = members.get(worker)
      if (member === undefined || member.isRetiring || freeCount === 0 || !ring.hasInboxRoom(worker)) return false
      const slot = free[freeCount - 1]!
      write(job, slot)
      ring.assign(slot, worker)
      occupy(slot, job)
      ring.wake(worker)
      return true
    },
    revoke: (job) => {
      if (!ring.revoke(job.ticket)) return false
      release(job.ticket)
      return true
    },
    recall: () => {
      const taken: Array<Job> = []
      for (const slot of ring.queuedSlots()) {
        const job = jobs[slot]
        if (job !== undefined && ring.revoke(slot)) taken.push(release(slot)!)
      }
      return taken
    },
    queued: () => {
      // Exact, because revoked entries stay in the queue until they are passed.
      const slots = new Set<number>()
      for (const slot of ring.queuedSlots()) if (ring.isQueued(slot)) slots.add(slot)
      return slots.size
    },
    abort: (job) => {
      ring.abort(job.ticket)
      post(ring.ownerOf(job.ticket), { _tag: "Abort", id: job.ticket, turn: ring.generationOf(job.ticket) })
    },
    credit: (job, items) =>
      post(ring.ownerOf(job.ticket), { _tag: "Credit", id: job.ticket, turn: ring.generationOf(job.ticket), items }),
    workerOf: (job) => ring.ownerOf(job.ticket),
    retire: (worker) => {
      const member = members.get(worker)
      if (member === undefined) return []
      member.isRetiring = true
      member.isEnding = true
      member.wire.hold(true)
      const back: Array<Job> = []
      for (let slot = 0; slot < shape.slots; slot++) {
        if (jobs[slot] === undefined || !ring.isAssignedTo(slot, worker) || !ring.revoke(slot)) continue
        back.push(release(slot)!)
      }
      post(worker, { _tag: "Stop" })
      return back
    },
    terminate,
    halt: (job) => {
      const slot = job.ticket
      const member = members.get(ring.ownerOf(slot))
      if (member === undefined || hasEnded(slot, member)) return false
      ring.bar(member.worker)
      if (hasEnded(slot, member)) {
        ring.unbar(member.worker)
        return false
      }
      terminate(member.worker)
      return true
    },
    isIdle: (worker) => {
      const member = members.get(worker)
      if (member === undefined) return false
      for (let slot = 0; slot < shape.slots; slot++) {
        if (jobs[slot] !== undefined && ring.ownerOf(slot) === worker && !hasEnded(slot, member)) return false
      }
      return true
    },
    figures: (worker) => {
      const at = ring.workerAt(worker)
      const { numbers, words } = ring
      const busy = numbers[(at >> 1) + busyOffset]!
      const histogram = (offset: number) => words.subarray(at + offset, at + offset + Histogram.buckets)
      return {
        busy: busy < 0 ? busy + performance.now() : busy,
        heapUsed: words[at + heapOffset]! * 1024,
        done: numbers[(at >> 1) + endedOffset]!,
        wait: histogram(waitHistogramOffset),
        run: histogram(runHistogramOffset)
      }
    }
  }
}
