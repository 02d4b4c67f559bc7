/**
 * A crew that hands each job to one worker by message, as soon as that worker has room: processes always, and threads
 * where shared memory is not wanted. Nothing waits behind a busy worker, because nothing is handed to one.
 */
import type { Crew, CrewEvents } from "./Crew.ts"
import { type Ending, type Job, Phase } from "./Job.ts"
import { type Birth, type Definition, Mode, type Run, type ToPool } from "./protocol.ts"
import * as Histogram from "./Histogram.ts"
import type { Open, Wire } from "./Wire.ts"

interface Member {
  readonly wire: Wire
  readonly jobs: Map<number, Job>
  ready: boolean
  retiring: boolean
  /** Its end is awaited, and keeps the process alive. */
  ending: boolean
  /** Runs a job that wants the worker for itself. */
  alone: boolean
  done: number
  heapUsed: number
  /** Milliseconds with a call under way, until `busySince`. */
  busy: number
  busySince: number
  readonly run: Int32Array
  startFault: Ending | undefined
  /** What it said of its own end, if it could. */
  crash: Ending | undefined
}

/** The uncaught error that a worker told of, if that is what ended it: its module may have caught it after all. */
const crashOf = ({ crash }: Member, { exitCode, how }: Ending): Ending | undefined =>
  how !== "terminated" && (how !== "exit" || exitCode === 1 || exitCode === 7) ? crash : undefined

export interface Options {
  readonly open: Open
  readonly callsAtOnce: number
  readonly birth: (worker: number) => Birth
  readonly events: CrewEvents
}

export const make = (options: Options): Crew => {
  const { callsAtOnce, events } = options
  const members = new Map<number, Member>()
  let tickets = 0

  const hasRoom = (member: Member, job: Job): boolean =>
    member.ready &&
    !member.retiring &&
    !member.alone &&
    (job.mode === Mode.alone ? member.jobs.size === 0 : member.jobs.size < callsAtOnce)

  const hand = (job: Job, worker: number, member: Member): void => {
    const ticket = tickets++
    const run: Run = { _tag: "Run", id: ticket, fn: job.fn, mode: job.mode, args: job.args, carry: job.carry }
    member.wire.post(run, job.transfer)
    if (member.jobs.size === 0) {
      member.wire.hold(true)
      member.busySince = performance.now()
    }
    job.startedAt = performance.now()
    job.ticket = ticket
    job.worker = worker
    job.phase = Phase.offered
    member.jobs.set(ticket, job)
    if (job.mode === Mode.alone) member.alone = true
  }

  const leave = (member: Member, id: number): Job | undefined => {
    const job = member.jobs.get(id)
    if (job === undefined) return undefined
    member.jobs.delete(id)
    member.done++
    const now = performance.now()
    member.run[Histogram.bucketOf(Math.round((now - job.startedAt) * 1000))]!++
    if (member.jobs.size === 0) member.busy += now - member.busySince
    if (job.mode === Mode.alone) member.alone = false
    if (member.jobs.size === 0 && !member.ending) member.wire.hold(false)
    return job
  }

  const message = (worker: number, member: Member, message: ToPool): void => {
    switch (message._tag) {
      case "Ready":
        member.ready = true
        if (!member.ending) member.wire.hold(false)
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
        const job = leave(member, message.id)
        if (job !== undefined) events.value(job, message.value)
        return
      }
      case "Threw": {
        const job = leave(member, message.id)
        if (job !== undefined) events.threw(job, message.fault)
        return
      }
      case "Items": {
        const job = member.jobs.get(message.id)
        if (job !== undefined) events.items(job, message.items)
        return
      }
      case "Progress": {
        const job = member.jobs.get(message.id)
        if (job !== undefined) events.progress(job, message.value)
        return
      }
      case "Crashed": {
        const { fault } = message
        member.crash = { how: "crash", exitCode: 1, detail: `${fault.name}: ${fault.message}`, cause: fault }
        return
      }
      case "Heap":
        member.heapUsed = message.octets
        return
      case "Wake":
        return
    }
  }

  const terminate = (worker: number): void => {
    const member = members.get(worker)
    if (member === undefined) return
    member.ending = true
    member.wire.hold(true)
    member.wire.terminate()
  }

  return {
    start: (worker) => {
      const wire: Wire = options.open(options.birth(worker), {
        message: (one) => message(worker, member, one),
        exit: (ending) => {
          // Its figures are asked for once more.
          const touched = [...member.jobs.values()]
          members.delete(worker)
          events.exited(worker, member.done, member.startFault ?? crashOf(member, ending) ?? ending, touched, [])
        }
      })
      const member: Member = {
        wire,
        jobs: new Map(),
        ready: false,
        retiring: false,
        ending: false,
        alone: false,
        done: 0,
        heapUsed: 0,
        busy: 0,
        busySince: 0,
        run: new Int32Array(Histogram.buckets),
        startFault: undefined,
        crash: undefined
      }
      members.set(worker, member)
    },
    define: (definition: Definition) => {
      for (const member of members.values()) member.wire.post({ _tag: "Define", definition })
    },
    offer: (job) => {
      let best: Member | undefined
      let bestWorker = -1
      for (const [worker, member] of members) {
        if (!hasRoom(member, job) || (best !== undefined && best.jobs.size <= member.jobs.size)) continue
        best = member
        bestWorker = worker
        if (member.jobs.size === 0) break
      }
      if (best === undefined) return false
      hand(job, bestWorker, best)
      return true
    },
    assign: (job, worker) => {
      const member = members.get(worker)
      if (member === undefined || !hasRoom(member, job)) return false
      hand(job, worker, member)
      return true
    },
    // What was handed to a worker by message has been started there, for all that can be known here.
    revoke: () => false,
    recall: () => [],
    queued: () => 0,
    abort: (job) => members.get(job.worker)?.wire.post({ _tag: "Abort", id: job.ticket, turn: 0 }),
    credit: (job, items) => members.get(job.worker)?.wire.post({ _tag: "Credit", id: job.ticket, turn: 0, items }),
    workerOf: (job) => job.worker,
    retire: (worker) => {
      const member = members.get(worker)
      if (member === undefined) return []
      member.retiring = true
      member.ending = true
      member.wire.hold(true)
      member.wire.post({ _tag: "Stop" })
      // What was handed to it has been started there, for all that can be known here.
      return []
    },
    terminate,
    halt: (job) => {
      if (members.get(job.worker)?.jobs.get(job.ticket) !== job) return false
      terminate(job.worker)
      return true
    },
    isIdle: (worker) => members.get(worker)?.jobs.size === 0,
    figures: (worker) => {
      const member = members.get(worker)
      if (member === undefined) return { busy: 0, heapUsed: 0, done: 0 }
      const { busy, busySince, done, heapUsed, jobs, run } = member
      return { busy: jobs.size === 0 ? busy : busy + performance.now() - busySince, heapUsed, done, run }
    }
  }
}
