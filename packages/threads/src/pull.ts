/**
 * A worker that pulls its calls from shared memory (`Ring.ts`), in a thread. Large arguments and results, streams and
 * progress travel by message beside it. No import of Effect.
 *
 * Where the worker is when it has nothing to do, one after the other: it looks on for some microseconds (if no other
 * does); it blocks for some milliseconds; it returns to its event loop, and is woken there. Only with calls of its own
 * under way does it go to the event loop at once.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads"
import * as Clock from "./Clock.ts"
import { Codec } from "./Codec.ts"
import * as Copies from "./Copies.ts"
import { describe } from "./Fault.ts"
import { bucketOf } from "./Histogram.ts"
import * as limits from "./limits.ts"
import { Patience } from "./Patience.ts"
import type { Birth, Carry, Mode, ToPool, ToWorker } from "./protocol.ts"
import {
  busyOffset,
  CALLED,
  carryFlag,
  endedOffset,
  HELD,
  heapOffset,
  Kind,
  PARKED,
  Ring,
  runHistogramOffset,
  type Shared,
  waitHistogramOffset,
  wideFlag
} from "./Ring.ts"
import { Runner } from "./Runner.ts"

const wake: ToPool = { _tag: "Wake" }

export const pull = (birth: Birth, shared: Shared, port: MessagePort): void => {
  const ring = Ring.open(shared)
  const codec = new Codec(shared.buffer)
  const { numbers, words } = ring
  const me = birth.worker
  const block = ring.workerAt(me)
  const endedAt = (block >> 1) + endedOffset
  const busyAt = (block >> 1) + busyOffset
  const timeOrigin = birth.timeOrigin ?? 0
  /** Starts of the timed calls, by slot; 0 for the others. */
  const starts = new Float64Array(shared.shape.slots)
  /** Calls that have sent messages: their end must not overtake those, and is a message too. */
  const talking = new Set<number>()
  const spinning = new Patience(limits.spinMicroseconds)
  let donePosition = 0
  /** Calls that were claimed and whose arguments are on their way. */
  const awaited = new Set<number>()
  let isReady = false
  let stopping = false
  let isStopped = false
  let pumping = false
  let isParked = false
  /** Number of the wait in the event loop that counts. */
  let waits = 0
  let turnLeft = limits.callsPerTurn
  let isBusy = false
  /** Milliseconds on the pool's clock at which the heap is to be looked at again. */
  let heapDue = 0

  const post = (message: ToPool, transfer?: ReadonlyArray<unknown>): void =>
    port.postMessage(message, transfer as ReadonlyArray<ArrayBuffer> | undefined)

  /** Posts a value, which may be large. Apart from its callers: what they do for every small value stays small. */
  const send = (tag: "Value" | "Items", id: number, value: unknown, transfer?: ReadonlyArray<unknown>): void => {
    const copies = transfer === undefined ? Copies.of(value) : undefined
    const sent = copies === undefined ? value : copies.value
    post(
      tag === "Value" ? { _tag: tag, id, value: sent } : { _tag: tag, id, items: sent as ReadonlyArray<unknown> },
      copies?.moved ?? transfer
    )
  }

  /** Milliseconds on the pool's clock. */
  const now = (): number => Clock.now() - timeOrigin

  /** Microseconds on the pool's clock, mod 2^32. */
  const clock = (): number => (now() * 1000) | 0

  const count = (slot: number): void => {
    numbers[endedAt]!++
    const start = starts[slot]!
    if (start === 0) return
    starts[slot] = 0
    words[block + runHistogramOffset + bucketOf(Math.max(0, (clock() - start) | 0))]!++
  }

  const done = (slot: number): void => {
    donePosition = ring.complete(me, donePosition, slot, Kind.done)
    if (ring.takeWake()) port.postMessage(wake)
  }

  const runner: Runner = new Runner(birth, {
    value: (slot, value, transfer) => {
      const isTalking = talking.delete(slot)
      count(slot)
      try {
        if (transfer === undefined && !isTalking && codec.write(value, ring.payloadAt(slot), ring.payloadEnd(slot)))
          done(slot)
        else {
          ring.tell(slot)
          send("Value", slot, value, transfer)
        }
      } catch (error) {
        // It is counted as what is thrown instead.
        numbers[endedAt]!--
        throw error
      }
    },
    threw: (slot, fault) => {
      count(slot)
      talking.delete(slot)
      ring.tell(slot)
      post({ _tag: "Threw", id: slot, fault })
    },
    items: (slot, items, transfer) => {
      send("Items", slot, items, transfer)
      talking.add(slot)
    },
    progress: (slot, value) => {
      post({ _tag: "Progress", id: slot, value })
      talking.add(slot)
    },
    isAborted: (slot) => ring.isAborted(slot),
    ended: () => pump()
  })

  const stopWhenDone = async (): Promise<void> => {
    if (isStopped || runner.active > 0 || awaited.size > 0) return
    isStopped = true
    try {
      await runner.stop()
    } catch (error) {
      // As an uncaught error the pool hears of it with its stack.
      setImmediate(() => {
        throw error
      })
      return
    }
    process.exit(0)
  }

  const receive = (message: ToWorker): void => {
    switch (message._tag) {
      case "Run":
        // What main sent to a parked worker was not asked for, and is not in the set.
        awaited.delete(message.id)
        starts[message.id] = clock() || 1
        work()
        return runner.run(message.id, message.fn, message.mode, message.args, message.carry)
      case "Define":
        return runner.define(message.definition)
      case "Abort":
        if (ring.generationOf(message.id) === message.turn) runner.abort(message.id)
        return
      case "Credit":
        if (ring.generationOf(message.id) === message.turn) runner.credit(message.id, message.items)
        return
      case "Drop":
        awaited.delete(message.id)
        return
      case "Stop":
        stopping = true
        // From here on nobody takes this one for one that can be woken; and who has, is not let down.
        if (!ring.unpark(me)) awaitCall()
        passOn()
        return
    }
  }

  /** Clear the flag first, then drain. */
  const takeMail = (): void => {
    if (!ring.takeMail(me)) return
    for (let one = receiveMessageOnPort(port); one !== undefined; one = receiveMessageOnPort(port)) {
      receive(one.message as ToWorker)
    }
  }

  const start = (slot: number): void => {
    const call = ring.callOf(slot)
    const stamp = ring.stampOf(slot)
    if (stamp !== 0) {
      const time = clock()
      words[block + waitHistogramOffset + bucketOf(Math.max(0, (time - stamp) | 0))]!++
      starts[slot] = time || 1
    }
    if ((call & wideFlag) !== 0) {
      awaited.add(slot)
      donePosition = ring.complete(me, donePosition, slot, Kind.need)
      if (ring.takeWake()) port.postMessage(wake)
      return
    }
    const fn = call >>> 8
    // The definition was posted before the call was published.
    if (!runner.knows(fn)) {
      for (let one = receiveMessageOnPort(port); one !== undefined; one = receiveMessageOnPort(port)) {
        receive(one.message as ToWorker)
      }
    }
    let carry: Carry | undefined
    let args = codec.read(ring.payloadAt(slot)) as ReadonlyArray<unknown>
    if ((call & carryFlag) !== 0) [carry, args] = args as [Carry, ReadonlyArray<unknown>]
    runner.run(slot, fn, (call & 3) as Mode, args, carry)
  }

  const hasRoom = (): boolean => !stopping && !runner.alone && runner.active + awaited.size < birth.callsAtOnce

  /** A call is under way. */
  const work = (): void => {
    if (isBusy) return
    isBusy = true
    numbers[busyAt]! -= now()
  }

  const rest = (): void => {
    if (!isBusy) return
    isBusy = false
    numbers[busyAt]! += now()
  }

  const tellHeap = (): void => {
    const time = now()
    if (time < heapDue) return
    heapDue = time + limits.heapEvery
    words[block + heapOffset] = process.memoryUsage().heapUsed >> 10
  }

  /** W5. */
  const passOn = (): void => {
    if (ring.hasQueued()) ring.wakeOne()
  }

  /** Main has called, and posts its message at this moment. */
  const awaitCall = (): void => {
    while (!ring.hasMail(me)) ring.waitParked(me, CALLED, limits.blockMilliseconds)
  }

  /** W1 and W2: whether there was something to find. */
  const spin = (): boolean => {
    const patience = spinning.next()
    if (patience === 0 || !ring.becomeSpinner(me)) return false
    const until = Clock.now() + patience / 1000
    let found = false
    do {
      found = ring.hasWork(me) || ring.hasMail(me)
    } while (!found && Clock.now() < until)
    const isCalled = !ring.endSpin(me)
    if (isCalled) awaitCall()
    if (found || isCalled) spinning.paid()
    else spinning.wasted()
    return found || isCalled
  }

  /** W3 and W4, blocking. Whether to look again; otherwise the time was up. */
  const blockForWork = (): boolean => {
    ring.park(me)
    if (ring.hasMail(me) || ring.hasWork(me)) {
      if (!ring.unpark(me)) awaitCall()
      return true
    }
    rest()
    ring.waitParked(me, PARKED, limits.blockMilliseconds)
    const isTimeUp = ring.isParked(me)
    if (!ring.unpark(me)) awaitCall()
    return !isTimeUp
  }

  /** As `blockForWork`, for mail alone. */
  const blockForMail = (): boolean => {
    ring.hold(me)
    if (!ring.hasMail(me)) {
      rest()
      ring.waitParked(me, HELD, limits.blockMilliseconds)
    }
    return !ring.unhold(me) || ring.hasMail(me)
  }

  /** W3 and W4, leaving the wait to the event loop. Whether to look again now. */
  const waitInLoop = (): boolean => {
    ring.park(me)
    if (ring.hasMail(me) || ring.hasWork(me)) {
      if (!ring.unpark(me)) awaitCall()
      return true
    }
    if (runner.active === 0) {
      rest()
      tellHeap()
    }
    const woken = ring.waitParkedAsync(me)
    if (woken === undefined) {
      if (!ring.unpark(me)) awaitCall()
      return true
    }
    isParked = true
    const mine = ++waits
    void followWait(woken, mine)
    return false
  }

  const followWait = async (woken: Promise<unknown>, mine: number): Promise<void> => {
    await woken
    // One that was ended below is not what is being waited for any more.
    if (mine !== waits) return
    isParked = false
    turn()
  }

  /** Runs what there is to run, until there is nothing, or no room, or the event loop wants a turn. */
  const pump = (): void => {
    if (pumping || !isReady) return
    pumping = true
    if (isParked) {
      // Woken by something else than the wait: end that too, or a later notification would go to it.
      isParked = false
      waits++
      if (!ring.unpark(me)) awaitCall()
      ring.flushWaits(me)
    }
    let isFresh = true
    for (;;) {
      takeMail()
      if (stopping) break
      if (!hasRoom()) {
        if (awaited.size > 0 && runner.active === 0 && blockForMail()) continue
        break
      }
      if (turnLeft <= 0) {
        setImmediate(turn)
        break
      }
      ring.waitBarred(me)
      const slot = ring.claim(me)
      if (slot >= 0) {
        work()
        // W2: what one that just woke or looked on was trusted to find, it must share.
        if (isFresh) {
          isFresh = false
          if (ring.hasWork(me)) ring.wakeOne()
        }
        turnLeft--
        start(slot)
        continue
      }
      if (runner.active === 0 && !isFresh && spin()) {
        isFresh = true
        continue
      }
      isFresh = true
      if (runner.active === 0 && blockForWork()) continue
      if (!waitInLoop()) break
    }
    pumping = false
    if (isFresh && !isParked) passOn()
    if (stopping) void stopWhenDone()
  }

  /** A fresh turn of the event loop. */
  const turn = (): void => {
    turnLeft = limits.callsPerTurn
    tellHeap()
    pump()
  }

  port.on("message", (message: ToWorker) => {
    receive(message)
    turn()
  })

  const begin = async (): Promise<void> => {
    try {
      await runner.start()
    } catch (error) {
      return post({ _tag: "StartFailed", fault: describe(error) })
    }
    post({ _tag: "Ready" })
    isReady = true
    tellHeap()
    // After the event loop has had its turn, so that the message is not kept waiting by the first call.
    setImmediate(turn)
  }
  void begin()
}
