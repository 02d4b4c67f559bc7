/**
 * Runs calls inside a worker, whatever brought them: looks functions up, calls them, follows promises and iterators,
 * aborts, and hands each outcome to its sink exactly once. No import of Effect.
 */
import type { CallScope, Moved, Registry } from "./CallScope.ts"
import { describe } from "./Fault.ts"
import { streamWindow } from "./limits.ts"
import { type Birth, type Carry, type Definition, type Fault, Mode } from "./protocol.ts"

/** Where outcomes go. */
export interface Sink {
  /** May throw a DataCloneError, upon which `threw` is called instead. */
  readonly value: (id: number, value: unknown, transfer: ReadonlyArray<unknown> | undefined) => void
  readonly threw: (id: number, fault: Fault) => void
  readonly items: (id: number, items: ReadonlyArray<unknown>) => void
  readonly progress: (id: number, value: unknown) => void
  /** Whether the pool has marked the call as given up; read by `CallScope.isAborted`. */
  readonly isAborted: (id: number) => boolean
  /** A call that did not end at once has ended: there is room for another. */
  readonly ended: () => void
}

type AnyFunction = (...args: ReadonlyArray<unknown>) => unknown

/** A call that did not end at once. */
interface Pending {
  readonly mode: Mode
  controller: AbortController | undefined
  credit: number
  /** Continues a stream that waits for credit. */
  wake: (() => void) | undefined
}

/** Items of a synchronous iterator that travel in one message, at most. */
const streamBatch = 64

const registryOf = (): Registry | undefined =>
  (globalThis as unknown as Record<symbol, Registry | undefined>)[Symbol.for("@handoff/threads/CallScope")]

const nothing: Carry = {}

const isMoved = (value: unknown): value is Moved<unknown> =>
  typeof value === "object" && value !== null && "~@handoff/threads/Moved" in value

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>

/** The iterator of what a generator function returned; arrays, strings, maps and other plain values are not meant. */
const iteratorOf = (value: unknown): AnyIterator | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  if (typeof (value as AsyncIterable<unknown>)[Symbol.asyncIterator] === "function") {
    return (value as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  }
  const candidate = value as Iterator<unknown> & Iterable<unknown>
  return typeof candidate.next === "function" && typeof candidate[Symbol.iterator] === "function"
    ? candidate[Symbol.iterator]()
    : undefined
}

export class Runner {
  readonly birth: Birth
  readonly sink: Sink
  /** Calls that have started and not ended. */
  active = 0
  /** An `alone` call is running: nothing else may start. */
  alone = false
  private readonly definitions = new Map<number, Definition>()
  private readonly functions: Array<AnyFunction | undefined> = []
  private readonly pending = new Map<number, Pending>()
  private registry: Registry | undefined

  constructor(birth: Birth, sink: Sink) {
    this.birth = birth
    this.sink = sink
    for (const definition of birth.definitions) this.define(definition)
  }

  define(definition: Definition): void {
    this.definitions.set(definition.id, definition)
  }

  knows(fn: number): boolean {
    return this.definitions.has(fn)
  }

  /** Whether another call may start. */
  get hasRoom(): boolean {
    return !this.alone && this.active < this.birth.callsAtOnce
  }

  /**
   * Runs the start hook. Rejects with what it threw.
   */
  async start(): Promise<void> {
    const { data, hooks, worker } = this.birth
    if (hooks === undefined) return
    const module = (await import(hooks.module)) as Record<string, AnyFunction | undefined>
    await this.hook(module, hooks.start, "start")?.({ worker, data })
    this.registry = registryOf()
  }

  /** Runs the stop hook. Rejects with what it threw. */
  async stop(): Promise<void> {
    const { hooks } = this.birth
    if (hooks === undefined) return
    const module = (await import(hooks.module)) as Record<string, AnyFunction | undefined>
    await this.hook(module, hooks.stop, "stop")?.()
  }

  private hook(module: Record<string, AnyFunction | undefined>, given: string | undefined, usual: string) {
    const hook = module[given ?? usual]
    if (given !== undefined && typeof hook !== "function") throw new TypeError(`no exported function ${given}`)
    return hook
  }

  run(id: number, fn: number, mode: Mode, args: ReadonlyArray<unknown>, carry: Carry | undefined): void {
    const f = this.functions[fn]
    this.active++
    if (mode === Mode.alone) this.alone = true
    if (f === undefined) void this.loadThenRun(id, fn, mode, args, carry)
    else this.call(f, id, mode, args, carry)
  }

  abort(id: number): void {
    const pending = this.pending.get(id)
    if (pending === undefined) return
    pending.controller?.abort()
    pending.wake?.()
  }

  credit(id: number, items: number): void {
    const pending = this.pending.get(id)
    if (pending === undefined) return
    pending.credit += items
    pending.wake?.()
  }

  private async loadThenRun(
    id: number,
    fn: number,
    mode: Mode,
    args: ReadonlyArray<unknown>,
    carry: Carry | undefined
  ): Promise<void> {
    const definition = this.definitions.get(fn)!
    try {
      const module = (await import(definition.module)) as Record<string, unknown>
      const f = module[definition.name]
      if (typeof f !== "function") {
        const exported = Object.keys(module).filter((key) => typeof module[key] === "function")
        throw new TypeError(`no function ${definition.name} is exported; there are: ${exported.join(", ") || "none"}`)
      }
      this.functions[fn] = f as AnyFunction
      this.registry = registryOf()
    } catch (error) {
      const fault = describe(error)
      const fields = { ...(fault.fields as object | undefined), stage: "load" }
      this.threw(id, mode, { ...fault, message: `${definition.module} does not load: ${fault.message}`, fields }, true)
      return
    }
    this.call(this.functions[fn], id, mode, args, carry, true)
  }

  /** `late`: the caller of `run` has long returned, so the sink is told that there is room again. */
  private call(
    f: AnyFunction,
    id: number,
    mode: Mode,
    args: ReadonlyArray<unknown>,
    carry: Carry | undefined,
    late = false
  ): void {
    let result: unknown
    try {
      if (this.registry === undefined) {
        result = mode === Mode.map ? (args[0] as ReadonlyArray<unknown>).map((one, i) => f(one, i)) : f(...args)
      } else {
        const pending: Pending = { mode, controller: undefined, credit: streamWindow, wake: undefined }
        this.pending.set(id, pending)
        result = this.registry.run(this.scopeOf(id, pending, carry ?? nothing), () =>
          mode === Mode.map ? (args[0] as ReadonlyArray<unknown>).map((one, i) => f(one, i)) : f(...args)
        )
      }
    } catch (error) {
      this.threw(id, mode, describe(error), late)
      return
    }
    if (typeof result !== "object" || result === null) return this.value(id, mode, result, late)
    if (mode === Mode.map) {
      if ((result as ReadonlyArray<unknown>).some(isThenable)) result = Promise.all(result as ReadonlyArray<unknown>)
    } else {
      const iterator = iteratorOf(result)
      if (iterator !== undefined) {
        void this.iterate(iterator, id, mode)
        return
      }
    }
    if (!isThenable(result)) return this.value(id, mode, result, late)
    this.pend(id, mode)
    void this.settle(result, id, mode)
  }

  private async settle(result: PromiseLike<unknown>, id: number, mode: Mode): Promise<void> {
    let value: unknown
    try {
      value = await result
    } catch (error) {
      return this.threw(id, mode, describe(error), true)
    }
    const iterator = mode === Mode.map ? undefined : iteratorOf(value)
    if (iterator === undefined) this.value(id, mode, value, true)
    else await this.iterate(iterator, id, mode)
  }

  private pend(id: number, mode: Mode): Pending {
    let pending = this.pending.get(id)
    if (pending === undefined) {
      pending = { mode, controller: undefined, credit: streamWindow, wake: undefined }
      this.pending.set(id, pending)
    }
    return pending
  }

  private scopeOf(id: number, pending: Pending, carry: Carry): CallScope {
    const { birth, sink } = this
    return {
      get signal() {
        if (pending.controller === undefined) {
          pending.controller = new AbortController()
          if (sink.isAborted(id)) pending.controller.abort()
        }
        return pending.controller.signal
      },
      isAborted: () => pending.controller?.signal.aborted === true || sink.isAborted(id),
      progress: (value) => sink.progress(id, value),
      carry,
      worker: birth.worker,
      data: birth.data
    }
  }

  /** Sends an iterator's items as credit allows, or gathers them where one value was asked for. */
  private async iterate(iterator: AnyIterator, id: number, mode: Mode): Promise<void> {
    const pending = this.pend(id, mode)
    pending.controller ??= new AbortController()
    const { signal } = pending.controller
    // Items of an asynchronous iterator go out as they come; those of a synchronous one travel together.
    const batchMost = Symbol.asyncIterator in iterator ? 1 : streamBatch
    const gathered: Array<unknown> = []
    let items: Array<unknown> = []
    try {
      for (;;) {
        if (signal.aborted) {
          await iterator.return?.()
          break
        }
        if (mode === Mode.stream && (pending.credit <= items.length || items.length >= batchMost)) {
          if (items.length > 0) {
            this.sink.items(id, items)
            pending.credit -= items.length
            items = []
            if (batchMost === 1 && pending.credit > 0) continue
          }
          // An event loop turn each time, so that a synchronous generator hears of credit and abort at all.
          await new Promise<void>((resolve) => {
            pending.wake = resolve
            if (pending.credit > 0 || signal.aborted) setImmediate(resolve)
          })
          pending.wake = undefined
          continue
        }
        const next = await iterator.next()
        if (next.done === true) break
        if (mode === Mode.stream) items.push(next.value)
        else gathered.push(next.value)
      }
      if (items.length > 0) this.sink.items(id, items)
    } catch (error) {
      if (items.length > 0) {
        try {
          this.sink.items(id, items)
        } catch {
          // The items cannot be cloned; the error that follows says so or comes first anyway.
        }
      }
      this.threw(id, mode, describe(error), true)
      return
    }
    this.value(id, mode, mode === Mode.stream ? undefined : gathered, true)
  }

  private value(id: number, mode: Mode, value: unknown, late: boolean): void {
    this.leave(id, mode)
    try {
      if (isMoved(value)) this.sink.value(id, value.value, value.transfer)
      else this.sink.value(id, value, undefined)
    } catch (error) {
      this.sink.threw(id, describe(error))
    }
    if (late) this.sink.ended()
  }

  private threw(id: number, mode: Mode, fault: Fault, late: boolean): void {
    this.leave(id, mode)
    this.sink.threw(id, fault)
    if (late) this.sink.ended()
  }

  private leave(id: number, mode: Mode): void {
    this.active--
    if (mode === Mode.alone) this.alone = false
    if (this.pending.size > 0) this.pending.delete(id)
  }
}
