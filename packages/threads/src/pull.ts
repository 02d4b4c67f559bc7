/**
 * A worker that pulls its calls from shared memory (`Ring.ts`), in a thread. Large arguments and results, streams and
 * progress travel by message beside it. No import of Effect.
 *
 * Where the worker is when it has nothing to do, one after the other: it looks on for some microseconds (if no other
 * does); it blocks for some milliseconds; it returns to its event loop, and is woken there. Only with calls of its own
 * under way does it go to the event loop at once.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads"
import { Codec } from "./Codec.ts"
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
  const { words } = ring
  const me = birth.worker
  const block = ring.workerAt(me)
  const clockOffset = performance.timeOrigin - (birth.timeOrigin ?? performance.timeOrigin)
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
  let pumping = false
  let isParked = false
  /** Number of the wait in the event loop that counts. */
  let waits = 0
  let turnLeft = limits.callsPerTurn
  let busySince = 0
  let isBusy = true

  const post = (message: ToPool, transfer?: ReadonlyArray<unknown>): void =>
    port.postMessage(message, transfer as ReadonlyArray<ArrayBuffer> | undefined)

  /** Microseconds on the pool's clock, mod 2^32. */
  const clock = (): number => ((performance.now() + clockOffset) * 1000) | 0

  const count = (slot: number): void => {
    words[block + endedOffset]!++
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
      count(slot)
      if (
        transfer === undefined &&
        !talking.delete(slot) &&
        codec.write(value, ring.payloadAt(slot), ring.payloadEnd(slot))
      )
        done(slot)
      else post({ _tag: "Value", id: slot, value }, transfer)
    },
    threw: (slot, fault) => {
      count(slot)
      talking.delete(slot)
      post({ _tag: "Threw", id: slot, fault })
    },
    items: (slot, items) => {
      post({ _tag: "Items", id: slot, items })
      talking.add(slot)
    },
    progress: (slot, value) => {
      post({ _tag: "Progress", id: slot, value })
      talking.add(slot)
    },
    isAborted: (slot) => ring.isAborted(slot),
    ended: () => {
      if (stopping) void stopWhenDone()
      else pump()
    }
  })

  const stopWhenDone = async (): Promise<void> => {
    if (runner.active > 0 || awaited.size > 0) return
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
        void stopWhenDone()
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
      const now = clock()
      words[block + waitHistogramOffset + bucketOf(Math.max(0, (now - stamp) | 0))]!++
      starts[slot] = now || 1
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

  const rest = (): void => {
    if (!isBusy) return
    isBusy = false
    words[block + busyOffset]! += (clock() - busySince) | 0
  }

  /** Main has called, and posts its message at this moment. */
  const awaitCall = (): void => {
    while (!ring.hasMail(me)) ring.waitParked(me, CALLED, 1)
  }

  /** W1 and W2: whether there was something to find. */
  const spin = (): boolean => {
    const patience = spinning.next()
    if (patience === 0 || !ring.becomeSpinner(me)) return false
    const until = performance.now() + patience / 1000
    let found = false
    do {
      found = ring.hasWork(me, ring.inboxPassed) || ring.hasMail(me)
    } while (!found && performance.now() < until)
    ring.endSpin()
    if (found) spinning.paid()
    else spinning.wasted()
    return found
  }

  /** W3 and W4, blocking. Whether to look again; otherwise the time was up. */
  const blockForWork = (): boolean => {
    ring.park(me)
    if (ring.hasMail(me) || (hasRoom() && ring.hasWork(me, ring.inboxPassed))) {
      if (!ring.unpark(me)) awaitCall()
      return true
    }
    rest()
    ring.waitParked(me, PARKED, limits.blockMilliseconds)
    const isTimeUp = ring.isParked(me)
    if (!ring.unpark(me)) awaitCall()
    return !isTimeUp
  }

  /** W3 and W4, leaving the wait to the event loop. Whether to look again now. */
  const waitInLoop = (): boolean => {
    ring.park(me)
    if (ring.hasMail(me) || (hasRoom() && ring.hasWork(me, ring.inboxPassed))) {
      if (!ring.unpark(me)) awaitCall()
      return true
    }
    if (runner.active === 0) {
      rest()
      words[block + heapOffset] = process.memoryUsage().heapUsed >> 10
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
        if (awaited.size > 0 && runner.active === 0 && blockForWork()) continue
        break
      }
      if (turnLeft <= 0) {
        setImmediate(turn)
        break
      }
      const slot = ring.claim(me, ring.inboxPassed)
      if (slot >= 0) {
        if (!isBusy) {
          isBusy = true
          busySince = clock()
        }
        // W2: what one that just woke or looked on was trusted to find, it must share.
        if (isFresh) {
          isFresh = false
          if (ring.hasWork(me, ring.inboxPassed)) ring.wakeOne()
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
  }

  /** A fresh turn of the event loop. */
  const turn = (): void => {
    turnLeft = limits.callsPerTurn
    pump()
  }

  port.on("message", (message: ToWorker) => {
    receive(message)
    if (!stopping) turn()
  })

  const begin = async (): Promise<void> => {
    try {
      await runner.start()
    } catch (error) {
      return post({ _tag: "StartFailed", fault: describe(error) })
    }
    post({ _tag: "Ready" })
    isReady = true
    busySince = clock()
    // After the event loop has had its turn, so that the message is not kept waiting by the first call.
    setImmediate(turn)
  }
  void begin()
}
