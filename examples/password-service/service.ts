/**
 * An HTTP service that hashes passwords and shrinks images without delaying its loop:
 *
 *   POST /passwords            body: a password            -> its hash
 *   POST /passwords/check?hash body: a password            -> "yes" or "no"
 *   POST /thumbnails?width=640 body: grey octets, row by row -> half the size, gzipped
 *
 * When the pool's queue is full the service says 503 at once instead of getting slower.
 */
import { Threads } from "@handoff/threads"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"

const passwords = Threads.module<typeof import("./password.ts")>(new URL("./password.ts", import.meta.url))

const busy = HttpServerResponse.text("too busy, try again\n", { status: 503 })
const wrong = HttpServerResponse.text("that cannot be done\n", { status: 400 })

/** What the pool refuses is a 503; what a function throws is the request's fault. */
const answered = <E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
) => Effect.catch(effect, (error) => Effect.succeed(error._tag === "Overloaded" ? busy : wrong))

const body = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
  Stream.runFold(
    request.stream,
    () => [] as Array<Uint8Array>,
    (chunks, chunk) => [...chunks, chunk]
  )
).pipe(Effect.map((chunks) => Buffer.concat(chunks)))

const query = Effect.map(
  HttpServerRequest.HttpServerRequest,
  (request) => new URL(request.url, "http://service").searchParams
)

export const routes = HttpRouter.addAll([
  HttpRouter.route(
    "POST",
    "/passwords",
    answered(
      Effect.gen(function* () {
        return HttpServerResponse.text(yield* passwords.hash((yield* body).toString()))
      })
    )
  ),
  HttpRouter.route(
    "POST",
    "/passwords/check",
    answered(
      Effect.gen(function* () {
        const stored = (yield* query).get("hash") ?? ""
        return HttpServerResponse.text((yield* passwords.verify((yield* body).toString(), stored)) ? "yes" : "no")
      })
    )
  ),
  HttpRouter.route(
    "POST",
    "/thumbnails",
    answered(
      Effect.gen(function* () {
        const width = Number((yield* query).get("width"))
        return HttpServerResponse.uint8Array(yield* passwords.thumbnail(new Uint8Array(yield* body), width))
      })
    )
  )
])
