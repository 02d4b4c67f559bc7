/**
 * The shared memory between a pool and its threads: one queue that all workers pull from, so that no call waits behind
 * a busy worker, and no message per call. Both sides use this file; it imports no Effect.
 *
 * ## Layout (32-bit words; what different threads write is on different cache lines)
 *
 * ```text
 * header   TAIL | HEAD | MAIN | SPINNER                        one line of 16 words each
 * worker w PARK, MAIL, BAR | DONE, IHEAD, figures | ITAIL | histograms     one block per worker
 * queue    2 * slots words: slot numbers, at position mod size
 * done w   slots words: 2 * slot + kind, written by worker w, read by main
 * inbox w  a few words: slot numbers, written by main, read by worker w
 * slot s   STATE, CALL, STAMP, MARKS, 4 spare | payload        arguments, later the result in the same place
 * ```
 *
 * ## States of a slot
 *
 * ```text
 *            publish               claim                     done entry, read by main
 *   free ------------> QUEUED ----------------> RUNNING(w) ---------------------------> free
 *    | \                 |                          ^  |
 *    |  \   assign       | revoke                   |  +-- worker w is gone, no done entry: lost, free
 *    |   +---------> ASSIGNED(w) -------------------+
 *    |                   | revoke                claim by w only
 *    +<------------------+
 * ```
 *
 * STATE is one word: status (2 bits), worker (9 bits), generation (21 bits). The generation grows with every
 * publication, so that no compare-and-exchange mistakes a later task for an earlier one. A free slot is known to main
 * alone; its word keeps whatever it was, or FREE after a revocation. Who may write STATE: main while the slot is free;
 * main and the workers by compare-and-exchange while it is QUEUED or ASSIGNED; nobody while it is RUNNING.
 *
 * ## Claiming
 *
 * A worker reads HEAD and TAIL; if they differ, it reads the slot number at HEAD and moves that slot's STATE from
 * QUEUED to RUNNING(w) by compare-and-exchange. That one step is the claim: at every instant each task is either up for
 * claim or has exactly one owner whose name is in the word. HEAD is then moved on by compare-and-exchange, by the owner
 * or by whoever next finds at HEAD a slot that is not QUEUED; so a worker killed between the two steps blocks nobody.
 * An entry whose slot was revoked, and perhaps published again further back, is harmless: at worst that task is
 * claimed early, and its own entry is then skipped.
 *
 * An inbox is a queue of the same kind, of one reader: ITAIL, IHEAD and entries, and what is claimed is ASSIGNED(w). Main
 * too moves IHEAD past what is not, when the inbox is full: of calls that were given up, perhaps, while w was busy.
 *
 * A worker answers by writing the result into the slot, the slot into its done ring, and then DONE. The store to DONE
 * is the answer: a worker killed before it never answered, killed after it has. An answer that travels by message is
 * marked in MARKS before it is posted.
 *
 * ## Ending a worker for the sake of one call
 *
 * A worker that runs a call which was given up may end it, and claim another, at the very moment at which it is to be
 * terminated. So main B1 looks whether the call has ended (DONE and MARKS); if not it B2 sets BAR to 1 and B3 looks again.
 * If it has ended now, BAR is 0 again and the worker lives; otherwise it is terminated. A worker B4 reads BAR before each
 * claim, and while it is 1 it claims nothing. This too is Dekker's pattern (DONE and BAR): if main found the call not
 * ended after B2, the worker ends it later and then sees BAR. Nothing that it claimed after it goes down with it.
 *
 * ## Waking (the seed's rule: queue first, then wake; clear the wake-up first, then drain)
 *
 * Workers: PARK is 0 awake, 1 parked, 2 called (main is about to send it a message), 3 waiting for the arguments of a
 * call, with room for no other (only MAIL wakes it: a wake-up for the queue's sake would be lost on it).
 * - W1 a worker that finds nothing may become the one SPINNER (0 -> w+1) and looks on for some microseconds;
 * - W2 it sets SPINNER to 0, then (if it found work) claims, and if more is queued wakes one parked worker;
 * - W3 otherwise it sets PARK to 1, then looks once more; W4 if there is something it takes PARK back, else it waits;
 * - W5 one that was woken or looked on, and then has no room or is to stop, wakes another in its stead if more is queued.
 * Main: M1 publishes (STATE, entry, TAIL), then M2 unless there is a SPINNER, moves one PARK from 1 to 0 and notifies;
 * or leaves that to M3, if some worker is awake or was woken a moment ago. M3 comes once per turn of its loop, and wakes
 * one if HEAD has not moved since the last or all are parked; before main sleeps it wakes as many as tasks are queued
 * (again unless there is a SPINNER). Main may hand off while MAIN is 1 too: it then has no M3, and never leaves M2 to it.
 * A call that travels by message goes straight to an idle worker: main moves PARK from 1 to 2, or, while nothing is
 * queued that the SPINNER is trusted to find, SPINNER from w+1 to 0 and then sets PARK to 2; it posts, and then sets MAIL
 * and PARK to 0. A worker that finds it has been called waits for MAIL before anything else.
 * If main sees a SPINNER, that worker has not yet looked for the last time: W2's store comes later, so it finds the task
 * itself, and if it finds several it wakes the next worker, which does the same.
 *
 * Main: MAIN is 0 awake, 1 asleep.
 * - worker: D1 stores DONE, then D2 if MAIN moves from 1 to 0 sends one message;
 * - main: S1 before it stops polling sets MAIN to 1, then S2 drains once more; S3 when woken, MAIN is 0 already, drains.
 * Which of polling and sleeping pays is learned from what came of it lately (`Patience.ts`).
 *
 * When a worker is gone, main takes SPINNER back if it held it, drains its done ring, frees and reports the slots that
 * are RUNNING(w), queues those that are ASSIGNED(w) again, and wakes as many others as tasks are queued: the dead one
 * may have been the one that was going to. For the same reason a main that sleeps then drains, and does S1 and S2 anew: the
 * dead one may have moved MAIN and not sent its message.
 *
 * ## Memory order
 *
 * All of HEAD, TAIL, MAIN, SPINNER, PARK, DONE, IHEAD, ITAIL, MAIL, BAR, MARKS and STATE are accessed by `Atomics` only,
 * which are sequentially consistent; the arguments above need no less (M1-M2 against W2-W3, and D1-D2 against S1-S2, are
 * Dekker's pattern). Payload, CALL and STAMP are plain: main writes them before the store to STATE, the owner after reading it;
 * the owner writes the result before the store to DONE, main reads it after.
 *
 * `test/RingModel.ts` is this protocol step by step, explored exhaustively.
 */
import { buckets } from "./Histogram.ts"
import { inboxMost, maxThreadsLimit } from "./limits.ts"

/** Words of a cache line. */
const line = 16

const tailAt = 0
const headAt = line
const mainAt = 2 * line
const spinnerAt = 3 * line
const headerWords = 4 * line

/** Within a worker's block. */
const parkOffset = 0
const mailOffset = 1
const barOffset = 2
const doneOffset = line
/** KiB of heap, now and then. */
export const heapOffset = line + 1
/** Numbers of 64 bits, within the block as an array of such: calls ended. */
export const endedOffset = (line + 2) >> 1
/** Milliseconds busy; while a call is under way, those less the time now on the pool's clock: below 0. */
export const busyOffset = (line + 4) >> 1
const inboxHeadOffset = line + 6
const inboxTailOffset = 2 * line
export const waitHistogramOffset = 3 * line
export const runHistogramOffset = waitHistogramOffset + buckets
const workerWords = Math.ceil((runHistogramOffset + buckets) / line) * line

/** Within a slot. */
const callOffset = 1
const stampOffset = 2
const marksOffset = 3
const slotHeaderWords = 8

const FREE = 0
const QUEUED = 1
const ASSIGNED = 2
const RUNNING = 3
const workerShift = 2
const workerMask = 0x1ff
const generationShift = 11

const AWAKE = 0
export const PARKED = 1
export const CALLED = 2
export const HELD = 3

/** In MARKS: the caller gave the call up; its answer is on its way by message. */
const aborted = 1
const told = 2

/** What a done entry says. */
export const Kind = {
  /** The result is in the slot. */
  done: 0,
  /** The slot is claimed, and its arguments are too large for it: send them. */
  need: 1
} as const

/** Flags in CALL, above the mode's two bits. */
export const wideFlag = 4
export const carryFlag = 8
const fnShift = 8

export interface Shape {
  /** A power of two. */
  readonly slots: number
  /** Octets of a slot's payload; a multiple of 8. */
  readonly payloadOctets: number
  readonly workers: number
}

/** What crosses to a worker so that it can use the ring. */
export interface Shared {
  readonly shape: Shape
  readonly buffer: SharedArrayBuffer
}

export class Ring {
  readonly shape: Shape
  readonly words: Int32Array<SharedArrayBuffer>
  /** The same as numbers of 64 bits, for figures. One store each, which no machine tears. */
  readonly numbers: Float64Array<SharedArrayBuffer>
  readonly buffer: SharedArrayBuffer
  private readonly queueMask: number
  private readonly doneMask: number
  private readonly queueAt: number
  private readonly doneAt: number
  private readonly inboxAt: number
  private readonly inboxMask: number
  private readonly slotsAt: number
  private readonly stride: number
  /** Main: the TAIL it wrote last, and the HEAD it saw last. Worker: unused. */
  private tail = 0
  private seenHead = 0

  constructor(shape: Shape, buffer?: SharedArrayBuffer) {
    const { payloadOctets, slots, workers } = shape
    if (workers > maxThreadsLimit) throw new RangeError(`a ring serves ${maxThreadsLimit} workers, not ${workers}`)
    if ((slots & (slots - 1)) !== 0) throw new RangeError(`slots are a power of two, not ${slots}`)
    this.shape = shape
    // So few that the calls assigned to all workers but one, and not started, leave half of the slots to that one.
    const inbox = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(inboxMost, slots / (2 * (workers + 1))))))
    this.inboxMask = inbox - 1
    this.queueMask = 2 * slots - 1
    this.doneMask = slots - 1
    this.queueAt = headerWords + workers * workerWords
    this.doneAt = this.queueAt + 2 * slots
    this.inboxAt = this.doneAt + workers * slots
    // Slots start on a cache line, and an odd number of lines apart: they then spread over the cache's sets.
    this.slotsAt = Math.ceil((this.inboxAt + workers * inbox) / line) * line
    const lines = Math.ceil((slotHeaderWords + payloadOctets / 4) / line)
    this.stride = (lines % 2 === 0 ? lines + 1 : lines) * line
    this.buffer = buffer ?? new SharedArrayBuffer(4 * (this.slotsAt + slots * this.stride))
    this.words = new Int32Array(this.buffer)
    this.numbers = new Float64Array(this.buffer, 0, this.buffer.byteLength >> 3)
  }

  static open(shared: Shared): Ring {
    return new Ring(shared.shape, shared.buffer)
  }

  /** The word of the payload's start. */
  payloadAt(slot: number): number {
    return this.slotsAt + slot * this.stride + slotHeaderWords
  }

  /** The word of the payload's end: the first that is not of it. */
  payloadEnd(slot: number): number {
    return this.payloadAt(slot) + (this.shape.payloadOctets >> 2)
  }

  private stateAt(slot: number): number {
    return this.slotsAt + slot * this.stride
  }

  workerAt(worker: number): number {
    return headerWords + worker * workerWords
  }

  // ---- main: handing off

  /** Writes what a free slot is to run; `publish` or `assign` follows. */
  prepare(slot: number, fn: number, modeAndFlags: number, stamp: number): void {
    const at = this.stateAt(slot)
    const { words } = this
    words[at + callOffset] = (fn << fnShift) | modeAndFlags
    words[at + stampOffset] = stamp
    words[at + marksOffset] = 0
  }

  private nextState(slot: number, status: number, worker: number): number {
    const before = Atomics.load(this.words, this.stateAt(slot))
    return (((before >>> generationShift) + 1) << generationShift) | (worker << workerShift) | status | 0
  }

  /** M1. Whether there was room for the entry; a queue of twice the slots is full only of revoked ones. */
  publish(slot: number): boolean {
    const { words } = this
    const { tail } = this
    if (((tail - this.seenHead) | 0) > this.queueMask) {
      this.skipRevoked()
      this.seenHead = Atomics.load(words, headAt)
      if (((tail - this.seenHead) | 0) > this.queueMask) return false
    }
    Atomics.store(words, this.stateAt(slot), this.nextState(slot, QUEUED, 0))
    Atomics.store(words, this.queueAt + (tail & this.queueMask), slot)
    this.tail = (tail + 1) | 0
    Atomics.store(words, tailAt, this.tail)
    return true
  }

  /** Whether a worker's inbox has room; of what was given up there it is cleared, as far as it stands in front. */
  hasInboxRoom(worker: number): boolean {
    const { words } = this
    const at = this.workerAt(worker)
    const tail = Atomics.load(words, at + inboxTailOffset)
    for (;;) {
      const head = Atomics.load(words, at + inboxHeadOffset)
      if (((tail - head) | 0) <= this.inboxMask) return true
      if (this.isAssignedTo(this.inboxEntry(worker, head), worker)) return false
      Atomics.compareExchange(words, at + inboxHeadOffset, head, (head + 1) | 0)
    }
  }

  /** Gives a slot to one worker, through its inbox, which has room; `ring the bell` with `wake` after it. */
  assign(slot: number, worker: number): void {
    const { words } = this
    const at = this.workerAt(worker) + inboxTailOffset
    const tail = Atomics.load(words, at)
    Atomics.store(words, this.stateAt(slot), this.nextState(slot, ASSIGNED, worker))
    Atomics.store(words, this.inboxEntryAt(worker, tail), slot)
    Atomics.store(words, at, (tail + 1) | 0)
  }

  private inboxEntryAt(worker: number, position: number): number {
    return this.inboxAt + worker * (this.inboxMask + 1) + (position & this.inboxMask)
  }

  private inboxEntry(worker: number, position: number): number {
    return Atomics.load(this.words, this.inboxEntryAt(worker, position))
  }

  /** Gives a slot to one worker that learns of it by a message. */
  grant(slot: number, worker: number): void {
    Atomics.store(this.words, this.stateAt(slot), this.nextState(slot, RUNNING, worker))
  }

  /** Takes a slot back that nobody has claimed. */
  revoke(slot: number): boolean {
    const at = this.stateAt(slot)
    for (;;) {
      const state = Atomics.load(this.words, at)
      const status = state & 3
      if (status !== QUEUED && status !== ASSIGNED) return false
      const free = (state >>> generationShift) << generationShift
      if (Atomics.compareExchange(this.words, at, state, free | FREE) === state) return true
    }
  }

  /** Moves HEAD past entries whose slots are not up for claim. */
  private skipRevoked(): void {
    const { words } = this
    for (;;) {
      const head = Atomics.load(words, headAt)
      if (head === this.tail) return
      const slot = Atomics.load(words, this.queueAt + (head & this.queueMask))
      if ((Atomics.load(words, this.stateAt(slot)) & 3) === QUEUED) return
      Atomics.compareExchange(words, headAt, head, (head + 1) | 0)
    }
  }

  /** The position of the next claim. */
  head(): number {
    return Atomics.load(this.words, headAt)
  }

  /** Entries that nobody has taken; revoked ones count until a worker passes them. */
  queued(): number {
    return (Atomics.load(this.words, tailAt) - Atomics.load(this.words, headAt)) | 0
  }

  /** The slots of the queue's entries, in order; some may be revoked or taken. */
  queuedSlots(): Array<number> {
    const slots: Array<number> = []
    for (let at = Atomics.load(this.words, headAt); at !== this.tail; at = (at + 1) | 0) {
      slots.push(Atomics.load(this.words, this.queueAt + (at & this.queueMask)))
    }
    return slots
  }

  /** The worker that runs a slot, or was given it; -1 if none. */
  ownerOf(slot: number): number {
    const state = Atomics.load(this.words, this.stateAt(slot))
    return (state & 3) >= ASSIGNED ? (state >>> workerShift) & workerMask : -1
  }

  /** Grows with every publication of the slot. */
  generationOf(slot: number): number {
    return Atomics.load(this.words, this.stateAt(slot)) >>> generationShift
  }

  isQueued(slot: number): boolean {
    return (Atomics.load(this.words, this.stateAt(slot)) & 3) === QUEUED
  }

  isRunningOn(slot: number, worker: number): boolean {
    const state = Atomics.load(this.words, this.stateAt(slot))
    return (state & 3) === RUNNING && ((state >>> workerShift) & workerMask) === worker
  }

  isAssignedTo(slot: number, worker: number): boolean {
    const state = Atomics.load(this.words, this.stateAt(slot))
    return (state & 3) === ASSIGNED && ((state >>> workerShift) & workerMask) === worker
  }

  abort(slot: number): void {
    Atomics.or(this.words, this.stateAt(slot) + marksOffset, aborted)
  }

  isAborted(slot: number): boolean {
    return (Atomics.load(this.words, this.stateAt(slot) + marksOffset) & aborted) !== 0
  }

  /** Worker: the call has ended, and its answer is about to be posted. */
  tell(slot: number): void {
    Atomics.or(this.words, this.stateAt(slot) + marksOffset, told)
  }

  isTold(slot: number): boolean {
    return (Atomics.load(this.words, this.stateAt(slot) + marksOffset) & told) !== 0
  }

  // ---- both: waking workers

  hasSpinner(): boolean {
    return Atomics.load(this.words, spinnerAt) !== 0
  }

  /** Wakes a worker if it is parked. */
  wake(worker: number): boolean {
    const at = this.workerAt(worker) + parkOffset
    const { words } = this
    if (Atomics.load(words, at) !== PARKED) return false
    if (Atomics.compareExchange(words, at, PARKED, AWAKE) !== PARKED) return false
    Atomics.notify(words, at)
    return true
  }

  /** M2: wakes one parked worker, if there is one. */
  wakeOne(): boolean {
    const { workers } = this.shape
    for (let worker = 0; worker < workers; worker++) if (this.wake(worker)) return true
    return false
  }

  // ---- main: messages to a worker

  /** Takes a parked worker for a message; `mail` must follow. */
  call(worker: number): boolean {
    const at = this.workerAt(worker) + parkOffset
    return Atomics.load(this.words, at) === PARKED && Atomics.compareExchange(this.words, at, PARKED, CALLED) === PARKED
  }

  /** As `call`, for the worker that is looking on. Only while nothing is queued: that it would be trusted to find. */
  callSpinner(worker: number): boolean {
    const { words } = this
    if (Atomics.load(words, spinnerAt) !== worker + 1) return false
    if (Atomics.compareExchange(words, spinnerAt, worker + 1, 0) !== worker + 1) return false
    Atomics.store(words, this.workerAt(worker) + parkOffset, CALLED)
    return true
  }

  /** A message has been posted to a worker: it looks into its port, at once if it was called or parked. */
  mail(worker: number): void {
    const at = this.workerAt(worker)
    const { words } = this
    Atomics.store(words, at + mailOffset, 1)
    if (Atomics.exchange(words, at + parkOffset, AWAKE) !== AWAKE) Atomics.notify(words, at + parkOffset)
  }

  isParked(worker: number): boolean {
    return Atomics.load(this.words, this.workerAt(worker) + parkOffset) === PARKED
  }

  // ---- main: ending a worker

  /** B2. */
  bar(worker: number): void {
    Atomics.store(this.words, this.workerAt(worker) + barOffset, 1)
  }

  unbar(worker: number): void {
    const at = this.workerAt(worker) + barOffset
    Atomics.store(this.words, at, 0)
    Atomics.notify(this.words, at)
  }

  // ---- main: completions

  /** How far a worker's done ring is written. */
  doneTail(worker: number): number {
    return Atomics.load(this.words, this.workerAt(worker) + doneOffset)
  }

  /** The done entry at a position. */
  doneEntry(worker: number, position: number): number {
    return this.words[this.doneAt + worker * this.shape.slots + (position & this.doneMask)]!
  }

  /** S1. */
  sleepMain(): void {
    Atomics.store(this.words, mainAt, 1)
  }

  wakeMain(): void {
    Atomics.store(this.words, mainAt, 0)
  }

  /** Whether main has been woken, or never slept. */
  isMainAwake(): boolean {
    return Atomics.load(this.words, mainAt) === 0
  }

  /** Makes a worker's block that of a new worker. Its inbox and done ring begin anew. */
  reset(worker: number): void {
    const at = this.workerAt(worker)
    for (let i = 0; i < workerWords; i++) Atomics.store(this.words, at + i, 0)
  }

  /** A worker is gone: what only it would have done for waking others is done in its stead. */
  mourn(worker: number): void {
    const at = this.workerAt(worker)
    Atomics.store(this.words, at + parkOffset, AWAKE)
    Atomics.compareExchange(this.words, spinnerAt, worker + 1, 0)
    for (let left = this.queued(); left > 0 && this.wakeOne(); left--);
  }

  // ---- worker

  /** Claims a slot, from the worker's inbox first. -1 if there is none. */
  claim(worker: number): number {
    const { words } = this
    if (this.hasMine(worker)) {
      const slot = this.claimMine(worker)
      if (slot >= 0) return slot
    }
    for (;;) {
      const head = Atomics.load(words, headAt)
      if (head === Atomics.load(words, tailAt)) return -1
      const slot = Atomics.load(words, this.queueAt + (head & this.queueMask))
      const at = this.stateAt(slot)
      const state = Atomics.load(words, at)
      if ((state & 3) === QUEUED) {
        const mine = ((state >>> generationShift) << generationShift) | (worker << workerShift) | RUNNING
        if (Atomics.compareExchange(words, at, state, mine) !== state) continue
        Atomics.compareExchange(words, headAt, head, (head + 1) | 0)
        return slot
      }
      Atomics.compareExchange(words, headAt, head, (head + 1) | 0)
    }
  }

  private claimMine(worker: number): number {
    const { words } = this
    const headOfInbox = this.workerAt(worker) + inboxHeadOffset
    while (this.hasMine(worker)) {
      const head = Atomics.load(words, headOfInbox)
      const slot = this.inboxEntry(worker, head)
      const isClaimed = this.claimAssigned(slot, worker)
      Atomics.compareExchange(words, headOfInbox, head, (head + 1) | 0)
      if (isClaimed) return slot
    }
    return -1
  }

  /** Claims a slot that is assigned to the worker; whether it was. */
  private claimAssigned(slot: number, worker: number): boolean {
    const at = this.stateAt(slot)
    const state = Atomics.load(this.words, at)
    if ((state & 3) !== ASSIGNED || ((state >>> workerShift) & workerMask) !== worker) return false
    return Atomics.compareExchange(this.words, at, state, state | RUNNING) === state
  }

  /** B4. While main is about to terminate this worker, or decides to: then it never returns. */
  waitBarred(worker: number): void {
    const at = this.workerAt(worker) + barOffset
    if (Atomics.load(this.words, at) !== 0) Atomics.wait(this.words, at, 1)
  }

  /** Whether there may be something to claim. */
  hasWork(worker: number): boolean {
    return this.hasQueued() || this.hasMine(worker)
  }

  hasQueued(): boolean {
    return Atomics.load(this.words, headAt) !== Atomics.load(this.words, tailAt)
  }

  private hasMine(worker: number): boolean {
    const at = this.workerAt(worker)
    return Atomics.load(this.words, at + inboxTailOffset) !== Atomics.load(this.words, at + inboxHeadOffset)
  }

  callOf(slot: number): number {
    return this.words[this.stateAt(slot) + callOffset]!
  }

  stampOf(slot: number): number {
    return this.words[this.stateAt(slot) + stampOffset]!
  }

  /** D1. Returns the next position. */
  complete(worker: number, position: number, slot: number, kind: number): number {
    const { words } = this
    words[this.doneAt + worker * this.shape.slots + (position & this.doneMask)] = slot * 2 + kind
    const next = (position + 1) | 0
    Atomics.store(words, this.workerAt(worker) + doneOffset, next)
    return next
  }

  /** D2. Whether main slept and this worker is the one to send the message. */
  takeWake(): boolean {
    const { words } = this
    return Atomics.load(words, mainAt) === 1 && Atomics.compareExchange(words, mainAt, 1, 0) === 1
  }

  /** W1. */
  becomeSpinner(worker: number): boolean {
    return (
      Atomics.load(this.words, spinnerAt) === 0 && Atomics.compareExchange(this.words, spinnerAt, 0, worker + 1) === 0
    )
  }

  /** W2. False if main has called the worker, as `unpark`. */
  endSpin(worker: number): boolean {
    return Atomics.compareExchange(this.words, spinnerAt, worker + 1, 0) === worker + 1
  }

  /** W3. */
  park(worker: number): void {
    Atomics.store(this.words, this.workerAt(worker) + parkOffset, PARKED)
  }

  /** W4. False if main has called the worker: then its message is on the way and must be awaited. */
  unpark(worker: number): boolean {
    const at = this.workerAt(worker) + parkOffset
    const before = Atomics.compareExchange(this.words, at, PARKED, AWAKE)
    return before !== CALLED
  }

  /** Waits for mail alone. `unhold` follows. */
  hold(worker: number): void {
    Atomics.store(this.words, this.workerAt(worker) + parkOffset, HELD)
  }

  /** Whether no mail had come. */
  unhold(worker: number): boolean {
    return Atomics.compareExchange(this.words, this.workerAt(worker) + parkOffset, HELD, AWAKE) === HELD
  }

  /** Clears the mail flag; whether it was set. */
  takeMail(worker: number): boolean {
    const at = this.workerAt(worker) + mailOffset
    return Atomics.load(this.words, at) === 1 && Atomics.exchange(this.words, at, 0) === 1
  }

  hasMail(worker: number): boolean {
    return Atomics.load(this.words, this.workerAt(worker) + mailOffset) === 1
  }

  /** Blocks the thread while PARK is `value`, at most so many milliseconds. */
  waitParked(worker: number, value: number, milliseconds: number): void {
    Atomics.wait(this.words, this.workerAt(worker) + parkOffset, value, milliseconds)
  }

  /** As `waitParked`, without blocking; undefined if PARK is not 1 any more. */
  waitParkedAsync(worker: number): Promise<unknown> | undefined {
    const { async, value } = Atomics.waitAsync(this.words, this.workerAt(worker) + parkOffset, PARKED)
    return async ? value : undefined
  }

  /** Ends this worker's own left-over asynchronous wait. */
  flushWaits(worker: number): void {
    Atomics.notify(this.words, this.workerAt(worker) + parkOffset)
  }
}
