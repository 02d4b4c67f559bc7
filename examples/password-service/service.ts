/**
 * An HTTP service that hashes passwords and shrinks images without delaying its loop:
 *
 *   GET  /                     a page to try it
 *   POST /passwords            body: a password -> its hash
 *   POST /passwords/check?hash body: a password -> "yes" or "no"
 *   POST /thumbnails?width=320 body: a PNG      -> a PNG of that width
 *
 * When the pool's queue is full the service says 503 at once instead of getting slower, and a body that is too long is
 * given up at its limit, not after it.
 */
import { Threads } from "@handoff/threads"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"

const passwords = Threads.module<typeof import("./password.ts")>(new URL("./password.ts", import.meta.url))
const images = Threads.module<typeof import("./thumbnail.ts")>(new URL("./thumbnail.ts", import.meta.url))

/** Octets of a body at most. */
const mostOctets = { password: 1024, image: 16 * 1024 * 1024 }

const tooLong = { _tag: "TooLong" } as const

/** What the pool refuses is a 503; what a function throws is the request's fault. */
const answered = <E extends { readonly _tag: string }, R>(
  effect: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
) =>
  Effect.catch(effect, ({ _tag }) => {
    const [status, text] =
      _tag === "Overloaded"
        ? [503, "too busy, try again"]
        : _tag === "TooLong"
          ? [413, "that is too long"]
          : [400, "that cannot be done"]
    return Effect.succeed(HttpServerResponse.text(`${text}\n`, { status }))
  })

const body = (most: number) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
    Stream.runFoldEffect(
      request.stream,
      () => ({ chunks: [] as Array<Uint8Array>, octets: 0 }),
      ({ chunks, octets }, chunk) => {
        if (octets + chunk.length > most) return Effect.fail(tooLong)
        chunks.push(chunk)
        return Effect.succeed({ chunks, octets: octets + chunk.length })
      }
    )
  ).pipe(Effect.map(({ chunks }) => Buffer.concat(chunks)))

const query = Effect.map(
  HttpServerRequest.HttpServerRequest,
  (request) => new URL(request.url, "http://service").searchParams
)

/** A page to try it: hash what is typed, see a picture small, with the time that each took. */
const page = `<!doctype html><meta charset="utf-8"><title>Passwords and pictures</title>
<style>body { font: 1rem system-ui; max-width: 40rem; margin: 3rem auto; line-height: 1.8 }</style>
<h1>Passwords and pictures</h1>
<p><label>A password <input id="password"></label> <button id="hash">Hash it</button>
<p><label>A PNG, eight bits a channel <input id="picture" type="file" accept="image/png"></label>
<p id="said"></p><img id="small" alt="">
<script type="module">
const of = (id) => document.getElementById(id)
const post = async (url, body) => {
  const start = performance.now()
  const response = await fetch(url, { method: "POST", body })
  of("said").textContent = response.status + " after " + Math.round(performance.now() - start) + " ms"
  return response
}
of("hash").onclick = async () => of("said").append(": " + await (await post("/passwords", of("password").value)).text())
of("picture").onchange = async () => {
  const response = await post("/thumbnails?width=160", of("picture").files[0])
  if (response.ok) of("small").src = URL.createObjectURL(await response.blob())
}
</script>`

export const routes = HttpRouter.addAll([
  HttpRouter.route("GET", "/", Effect.succeed(HttpServerResponse.text(page, { contentType: "text/html" }))),
  HttpRouter.route(
    "POST",
    "/passwords",
    answered(
      Effect.gen(function* () {
        return HttpServerResponse.text(yield* passwords.hash((yield* body(mostOctets.password)).toString()))
      })
    )
  ),
  HttpRouter.route(
    "POST",
    "/passwords/check",
    answered(
      Effect.gen(function* () {
        const stored = (yield* query).get("hash") ?? ""
        return HttpServerResponse.text(
          (yield* passwords.verify((yield* body(mostOctets.password)).toString(), stored)) ? "yes" : "no"
        )
      })
    )
  ),
  HttpRouter.route(
    "POST",
    "/thumbnails",
    answered(
      Effect.gen(function* () {
        const width = Number((yield* query).get("width"))
        return HttpServerResponse.uint8Array(
          yield* images.thumbnail(new Uint8Array(yield* body(mostOctets.image)), width),
          {
            contentType: "image/png"
          }
        )
      })
    )
  )
])
