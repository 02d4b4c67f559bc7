/**
 * A task is data: what is to be done, as a tagged request with a success type and a failure type. It says nothing of
 * how; that is an `Executor`'s business.
 *
 * A task class is made with `Task.make(kind, schemas)`. The schemas' encoded side is plain data that survives a
 * structured clone, so a task and its outcome can cross a thread or a machine: class instances lose their prototype
 * there, what `encodeSync(schema)` gives does not.
 */
import * as Request from "effect/Request"
import * as Schema from "effect/Schema"
import type * as Types from "effect/Types"

/** The name of a kind of task: `"LookupHost"`, `"Call"`, or one of the app's own. */
export type Kind = string

/** A task of some kind that succeeds with `A` or fails with `E`. */
export interface Task<out Tag extends Kind, out A, out E> extends Request.Request<A, E> {
  readonly _tag: Tag
}

/** A task of any kind. */
export interface Any extends Request.Request<any, any, any> {
  readonly _tag: Kind
}

/** What a task succeeds with. */
export type Success<T extends Any> = Request.Success<T>

/** What a task itself can fail with; an executor adds `ExecutorError` to it. */
export type Failure<T extends Any> = Request.Error<T>

/** The name of a task type's kind. */
export type KindOf<T extends Any> = T["_tag"]

/** A schema whose two directions need no services, so that encoding can be a plain function call. */
export type PlainCodec = Schema.Codec<any, any, never, never>

/** The value of a kind: its name and its three codecs. Every task class is one, through its statics. */
export interface Definition {
  readonly kind: Kind
  readonly payload: PlainCodec
  readonly success: PlainCodec
  readonly failure: PlainCodec
  /** Whether running twice does no harm. Only then may a router repeat a task whose executor answered `Lost`. */
  readonly repeatable: boolean
}

/** A task class as `make` returns it. */
export interface Class<
  Tag extends Kind,
  Payload extends Schema.Struct.Fields,
  A extends PlainCodec,
  E extends PlainCodec
> extends Definition {
  readonly kind: Tag
  readonly payload: Schema.Struct<Payload> & PlainCodec
  readonly success: A
  readonly failure: E
  new (
    payload: Types.VoidIfEmpty<Types.Simplify<Schema.Struct<Payload>["Type"]>>
  ): Task<Tag, A["Type"], E["Type"]> & Types.Simplify<Schema.Struct<Payload>["Type"]>
}

/**
 * Makes the class of a kind of task.
 *
 * `repeatable` defaults to false: a kind whose work must not be done twice is the one that hurts when it is.
 * The constructor trusts its argument; data from outside goes through `decode`.
 */
export const make = <
  const Tag extends Kind,
  const Payload extends Schema.Struct.Fields,
  A extends PlainCodec = Schema.Void,
  E extends PlainCodec = Schema.Never
>(
  kind: Tag,
  options: {
    readonly payload: Payload
    readonly success?: A
    readonly failure?: E
    readonly repeatable?: boolean
  }
): Class<Tag, Payload, A, E> => {
  class TaskClass extends Request.TaggedClass(kind)<Record<string, unknown>, unknown, unknown> {
    static readonly kind = kind
    static readonly payload = Schema.Struct(options.payload)
    static readonly success = options.success ?? Schema.Void
    static readonly failure = options.failure ?? Schema.Never
    static readonly repeatable = options.repeatable ?? false
  }
  return TaskClass as unknown as Class<Tag, Payload, A, E>
}

/** Whether a value is a task of any kind. */
export const isTask = (u: unknown): u is Any =>
  Request.isRequest(u) && typeof (u as { readonly _tag?: unknown })._tag === "string"
