/**
 * Runs calls inside a worker, whatever brought them: looks functions up, calls them, follows promises and iterators,
 * aborts, and hands each outcome to its sink exactly once. No import of Effect.
 */
import type { CallScope, Moved, Registry } from "./CallScope.ts"
import { type Clone, describe } from "./Fault.ts"
import { streamWindow } from "./limits.ts"
import { type Birth, type Carry, type Definition, type Fault, Mode } from "./protocol.ts"

/** Where outcomes go. */
export interface Sink {
  /** May throw a DataCloneError, upon which `threw` is called instead. */
  readonly value: (id: number, value: unknown, transfer: ReadonlyArray<unknown> | undefined) => void
  readonly threw: (id: number, fault: Fault) => void
  /** May throw a DataCloneError, and then has sent none of them. */
  readonly items: (id: number, items: ReadonlyArray<unknown>, transfer: ReadonlyArray<unknown> | undefined) => void
  readonly progress: (id: number, value: unknown) => void
  /** Whether the pool has marked the call as given up; read by `CallScope.isAborted`. */
  readonly isAborted: (id: number) => boolean
  /** A call that did not end at once has ended: there is room for another. */
  readonly ended: () => void
  /** What survives the way to the pool; a structured clone if not given. */
  readonly clone?: Clone
}

type AnyFunction = (...args: ReadonlyArray<unknown>) => unknown

/** A call that did not end at once, or whose scope its function may ask for. */
interface Pending {
  readonly mode: Mode
  /** Runs a step of the function where it finds its scope; undefined if nothing here asks for scopes. */
  inside: (<A>(step: () => A) => A) | undefined
  controller: AbortController | undefined
  credit: number
  /** Continues a stream that waits for credit. */
  wake: (() => void) | undefined
}

/** Items of a synchronous iterator that travel in one message, at most. */
const streamBatch = 64

/** Items that are gathered before the event loop gets a turn, so that one that never ends can be given up. */
const gatheredPerTurn = 1_024

const registryOf = (): Registry | undefined =>
  (globalThis as unknown as Record<symbol, Registry | undefined>)[Symbol.for("@handoff/threads/CallScope")]

const nothing: Carry = {}

const isMoved = (value: unknown): value is Moved<unknown> =>
  typeof value === "object" && value !== null && "~@handoff/threads/Moved" in value

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"

/** Takes what was moved (`CallScope.move`) out of its wrappers, in place; gives what is to be transferred. */
const unwrap = (values: Array<unknown>): ReadonlyArray<unknown> | undefined => {
  let transfer: Array<unknown> | undefined
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (!isMoved(value)) continue
    values[i] = value.value
    transfer ??= []
    transfer.push(...value.transfer)
  }
  return transfer
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

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
      const fault = this.describe(error)
      const fields = { ...(typeof fault.fields === "object" ? fault.fields : undefined), stage: "load" }
      this.threw(id, mode, { ...fault, message: `${definition.module} does not load: ${fault.message}`, fields }, true)
      return
    }
    // Given up before it began: nobody waits for it, so it never begins.
    if (this.sink.isAborted(id)) return this.value(id, mode, undefined, true)
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
    let iterator: AnyIterator | undefined
    let isPromised = false
    try {
      if (this.registry === undefined) {
        result = mode === Mode.map ? (args[0] as ReadonlyArray<unknown>).map((one, i) => f(one, i)) : f(...args)
      } else {
        result = this.enter(
          this.registry,
          id,
          mode,
          carry ?? nothing
        )(() => (mode === Mode.map ? (args[0] as ReadonlyArray<unknown>).map((one, i) => f(one, i)) : f(...args)))
      }
      // What comes back may be anything: whatever is asked of it may throw.
      if (typeof result === "object" && result !== null) {
        if (mode !== Mode.map) iterator = iteratorOf(result)
        else if ((result as ReadonlyArray<unknown>).some(isThenable)) {
          result = Promise.all(result as ReadonlyArray<unknown>)
        }
        isPromised = iterator === undefined && isThenable(result)
      }
    } catch (error) {
      this.threw(id, mode, this.describe(error), late)
      return
    }
    if (iterator !== undefined) void this.iterate(iterator, id, mode)
    else if (isPromised) void this.settle(result as PromiseLike<unknown>, id, mode)
    else this.value(id, mode, result, late)
  }

  private async settle(result: PromiseLike<unknown>, id: number, mode: Mode): Promise<void> {
    this.pend(id, mode)
    let value: unknown
    let iterator: AnyIterator | undefined
    try {
      value = await result
      if (mode !== Mode.map) iterator = iteratorOf(value)
    } catch (error) {
      return this.threw(id, mode, this.describe(error), true)
    }
    if (iterator === undefined) this.value(id, mode, value, true)
    else await this.iterate(iterator, id, mode)
  }

  private pend(id: number, mode: Mode): Pending {
    let pending = this.pending.get(id)
    if (pending === undefined) {
      pending = { mode, inside: undefined, controller: undefined, credit: streamWindow, wake: undefined }
      this.pending.set(id, pending)
    }
    return pending
  }

  /** A scope of its own for the call. */
  private enter(registry: Registry, id: number, mode: Mode, carry: Carry): <A>(step: () => A) => A {
    const pending = this.pend(id, mode)
    const scope = this.scopeOf(id, pending, carry)
    const inside = <A>(step: () => A): A => registry.run(scope, step)
    pending.inside = inside
    return inside
  }

  private controllerOf(id: number, pending: Pending): AbortController {
    if (pending.controller === undefined) {
      pending.controller = new AbortController()
      // It may have been given up before anybody looked.
      if (this.isAborted(id, pending)) pending.controller.abort()
    }
    return pending.controller
  }

  /** Whether a call has been given up. Its number may be another's once it has ended. */
  private isAborted(id: number, pending: Pending): boolean {
    return pending.controller?.signal.aborted === true || (this.pending.get(id) === pending && this.sink.isAborted(id))
  }

  private scopeOf(id: number, pending: Pending, carry: Carry): CallScope {
    const { birth, sink } = this
    const controllerOf = () => this.controllerOf(id, pending)
    return {
      get signal() {
        return controllerOf().signal
      },
      isAborted: () => this.isAborted(id, pending),
      progress: (value) => {
        if (this.pending.get(id) === pending) sink.progress(id, value)
      },
      carry,
      worker: birth.worker,
      data: birth.data
    }
  }

  /** Sends an iterator's items as credit allows, or gathers them where one value was asked for. */
  private async iterate(iterator: AnyIterator, id: number, mode: Mode): Promise<void> {
    const pending = this.pend(id, mode)
    const { signal } = this.controllerOf(id, pending)
    const isStream = mode === Mode.stream
    const { inside } = pending
    const next = inside === undefined ? () => iterator.next() : () => inside(() => iterator.next())
    const gathered: Array<unknown> = []
    let items: Array<unknown> = []
    const send = (): void => {
      const batch = items
      items = []
      if (batch.length > 0) this.items(id, batch)
      pending.credit -= batch.length
    }
    let fault: Fault | undefined
    try {
      // Items of an asynchronous iterator go out as they come; those of a synchronous one travel together.
      const batchMost = Symbol.asyncIterator in iterator ? 1 : streamBatch
      for (;;) {
        if (signal.aborted || this.sink.isAborted(id)) {
          await iterator.return?.()
          break
        }
        if (isStream && (pending.credit <= items.length || items.length >= batchMost)) {
          const hasSent = items.length > 0
          send()
          if (hasSent && batchMost === 1 && pending.credit > 0) continue
          // An event loop turn each time, so that a synchronous generator hears of credit and abort at all.
          await new Promise<void>((resolve) => {
            pending.wake = resolve
            if (pending.credit > 0 || signal.aborted) setImmediate(resolve)
          })
          pending.wake = undefined
          continue
        }
        if (!isStream && gathered.length % gatheredPerTurn === gatheredPerTurn - 1) await turn()
        const { done, value } = await next()
        if (done === true) break
        if (isStream) items.push(value)
        else gathered.push(value)
      }
    } catch (error) {
      fault = this.describe(error)
    }
    try {
      send()
    } catch (error) {
      // What came first is told.
      fault = this.describe(error)
    }
    if (fault !== undefined) return this.threw(id, mode, fault, true)
    this.value(id, mode, isStream ? undefined : gathered, true, !isStream)
  }

  /** Sends items; if one cannot be cloned, those before it. */
  private items(id: number, items: Array<unknown>): void {
    const { sink } = this
    const transfer = unwrap(items)
    try {
      sink.items(id, items, transfer)
    } catch (error) {
      if (transfer !== undefined) throw error
      for (const item of items) sink.items(id, [item], undefined)
    }
  }

  private describe(error: unknown): Fault {
    return describe(error, this.sink.clone)
  }

  /** `isMany`: an array of values, each of which may have been moved. */
  private value(id: number, mode: Mode, value: unknown, late: boolean, isMany = mode === Mode.map): void {
    this.leave(id, mode)
    try {
      if (isMany) this.sink.value(id, value, unwrap(value as Array<unknown>))
      else if (isMoved(value)) this.sink.value(id, value.value, value.transfer)
      else this.sink.value(id, value, undefined)
    } catch (error) {
      this.sink.threw(id, this.describe(error))
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
