/** Runs inside: hands tasks to the C library and writes what came of them, as JSON. `ask.ts <backend> <tasks>` */
import { LookupAddress, LookupHost, type Task } from "@handoff/core"
import { GetAddrInfo, GetHostByAddress, GetHostByName, GetNameInfo, Libc } from "@handoff/threads/libc"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { once } from "node:events"

const classes = { LookupHost, LookupAddress, GetAddrInfo, GetNameInfo, GetHostByName, GetHostByAddress }

/** A task's kind and encoded payload, and how long to wait before it is given up. */
export type Ask = readonly [kind: keyof typeof classes, payload: Readonly<Record<string, unknown>>]

export interface Answer {
  /** Encoded. */
  readonly value?: any
  readonly error?: { readonly _tag: string; readonly code?: string; readonly reason?: string; readonly fault?: string }
  readonly millis: number
}

export interface Answers {
  readonly answers: ReadonlyArray<Answer>
  /** What the name server was asked, in order. */
  readonly asked: ReadonlyArray<string>
  readonly abandoned: number
}

const [backend, json] = process.argv.slice(2) as ["addon" | "workers", string]

const askAll = Effect.gen(function* () {
  const libc = yield* Libc.make({ backend })
  const answers = yield* Effect.forEach(JSON.parse(json) as ReadonlyArray<Ask>, ([kind, payload]) => {
    const definition = classes[kind] as unknown as Task.Definition & (new (payload: any) => Libc.Tasks)
    const task = new definition(Schema.decodeSync(definition.payload as Schema.Codec<any>)(payload))
    const started = performance.now()
    return Effect.exit(libc.run(task)).pipe(
      Effect.map((exit): Answer => {
        const millis = performance.now() - started
        if (exit._tag === "Success") return { value: Schema.encodeSync(definition.success)(exit.value), millis }
        const { _tag, code, fault, reason } = Cause.squash(exit.cause) as any
        return { error: { _tag, code, reason, fault }, millis }
      })
    )
  })
  const { extra } = yield* libc.stats
  process.send!("asked?")
  const [asked] = yield* Effect.promise(() => once(process, "message") as Promise<[ReadonlyArray<string>]>)
  return { answers, asked, abandoned: extra["abandoned"]! } satisfies Answers
})

process.stdout.write(JSON.stringify(await Effect.runPromise(Effect.scoped(askAll))), () => process.exit(0))
