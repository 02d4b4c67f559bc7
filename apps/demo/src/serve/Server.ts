/** The web server: who may ask (`Access`), the page's files, what happens (as server-sent events), and what to do. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Sse from "effect/encoding/Sse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import * as Stream from "effect/Stream"
import type * as Scope from "effect/Scope"
import { createServer } from "node:http"
import * as Format from "../output/Format.ts"
import * as Terminal from "../output/Terminal.ts"
import * as Settings from "../program/Settings.ts"
import { Trouble } from "../program/Trouble.ts"
import * as strategies from "../strategies.ts"
import * as surveyLimits from "../survey/limits.ts"
import * as Presets from "../survey/Presets.ts"
import * as Access from "./Access.ts"
import * as Files from "./Files.ts"
import * as limits from "./limits.ts"
import * as Order from "./Order.ts"
import * as Runs from "./Runs.ts"
import type { Message } from "./shared/Event.ts"
import type { Options as PageOptions, Problem } from "./shared/Api.ts"
import type { Surveyor } from "./Surveyor.ts"

export interface Options {
  readonly address: string
  readonly port: number
  readonly token: string
  /** Names besides addresses and `localhost` that it may be called by. */
  readonly names: ReadonlyArray<string>
  readonly store: string
  /** What strategies are made with where the form does not say it. */
  readonly resources: strategies.Resources
}

/** Listens until the scope closes; succeeds with the port. */
export const listen = Effect.fnUntraced(function* (
  options: Options,
  surveyor: Surveyor
): Effect.fn.Return<number, Trouble, Scope.Scope> {
  const files = yield* Files.load
  const server = createServer()
  const listening = NodeHttpServer.layer(() => server, {
    host: options.address,
    port: options.port,
    gracefulShutdownTimeout: limits.shutdownMilliseconds
  })
  const app = HttpRouter.serve(routes(options, surveyor, files), { disableLogger: true, disableListenLog: true })
  const context = yield* Layer.build(Layer.provideMerge(app, listening)).pipe(
    Effect.mapError((error) => cannotListen(options, error.cause))
  )
  // Pages keep their stream of events open for ever: it is cut, and they come back if there is somebody to come to.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      server.close()
      server.closeAllConnections()
    })
  )
  const { address } = yield* Effect.provideContext(HttpServer.HttpServer, context)
  return NetAddress.isInetAddress(address) ? address.port : options.port
})

const cannotListen = ({ address, port }: Options, cause: unknown): Trouble => {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? String(cause)
  const hint = {
    EADDRINUSE:
      "another program has this port, perhaps another `handoff serve`: choose another with --port, or --port 0 for one that is free",
    EACCES: "ports under 1024 need a right that this user does not have: choose another with --port",
    EADDRNOTAVAIL: "this machine does not have that address: `ip address` lists those that it has"
  }[code]
  return new Trouble({ what: `cannot listen on ${address}, port ${port} (${code})`, ...(hint && { hint }), cause })
}

/** Changes with each start, so that a browser knows whether it has missed one. */
const routes = (options: Options, surveyor: Surveyor, files: Files.Files) => {
  const boot = Math.random().toString(36).slice(2, 10)
  const routes = [
    ...[...files].map(([path, file]) => HttpRouter.route("GET", path as `/${string}`, serveFile(file))),
    HttpRouter.route("GET", "/", serveFile(files.get("/index.html")!)),
    HttpRouter.route("GET", "/api/options", HttpServerResponse.jsonUnsafe(pageOptions)),
    HttpRouter.route("GET", "/api/events", (request) => Effect.succeed(events(request, surveyor, boot))),
    HttpRouter.route("POST", "/api/survey", (request) => answering(start(request, surveyor, options.resources))),
    HttpRouter.route("POST", "/api/strategies", (request) => answering(change(request, surveyor))),
    HttpRouter.route("POST", "/api/stop", () => answering(Effect.as(surveyor.stop, accepted))),
    HttpRouter.route("GET", "/api/runs", () =>
      answering(
        Effect.map(Runs.list(options.store), (runs) =>
          HttpServerResponse.jsonUnsafe(Runs.cutOff(runs, surveyor.state().status))
        )
      )
    ),
    HttpRouter.route("GET", "/runs/:id/:format", (request) => answering(report(request, options.store)))
  ] as const
  return Layer.mergeAll(
    HttpRouter.addAll(routes),
    HttpRouter.add("*", "/*", problem(404, "there is no such page")),
    HttpRouter.middleware(guard(options), { global: true })
  )
}

/** Asks `Access` about every request, and adds what every answer has. */
const guard =
  (options: Options) =>
  <E, R>(handler: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const policy = {
        token: options.token,
        cookie: `handoff-${/:(\d+)$/.exec(request.headers["host"] ?? "")?.[1] ?? 80}`,
        names: options.names
      }
      const verdict = Access.judge(
        { ...request, method: request.method, url: request.url, headers: request.headers, cookies: request.cookies },
        policy
      )
      if (
        verdict._tag === "Welcome" ||
        (isPublic(request.url) && verdict._tag === "Refused" && verdict.status === 401)
      ) {
        return secured(yield* handler)
      }
      if (verdict._tag === "Enter") {
        const response = HttpServerResponse.redirect(verdict.location, { status: 303 })
        return secured(
          HttpServerResponse.setCookieUnsafe(response, policy.cookie, options.token, {
            httpOnly: true,
            sameSite: "strict",
            path: "/"
          })
        )
      }
      const isPage = request.headers["accept"]?.includes("text/html") === true
      return secured(isPage ? refusal(verdict.status, verdict.why) : problem(verdict.status, verdict.why))
    })

/** Styles hold no secrets, and the page that refuses wants them. */
const isPublic = (url: string): boolean => /^\/[a-z]+\.(css|svg)$/.test(url)

/**
 * Nothing but this server's own files runs on the page, none of it inline; it talks to nobody else, and nobody else
 * frames it.
 */
const secured = (response: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeaders(response, {
    "content-security-policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-cache",
    ...response.headers
  })

const serveFile = (file: Files.File) => (request: HttpServerRequest.HttpServerRequest) =>
  Effect.succeed(
    request.headers["if-none-match"] === file.tag
      ? HttpServerResponse.empty({ status: 304, headers: { etag: file.tag } })
      : HttpServerResponse.uint8Array(file.octets, { contentType: file.type, headers: { etag: file.tag } })
  )

const refusal = (status: number, why: string) =>
  HttpServerResponse.text(
    `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Not let in</title><link rel="stylesheet" href="/base.css"><main class="refusal"><h1>Not let in</h1><p>${escape(why)}.</p><p>Open the address that <code>handoff serve</code> printed when it started: it has the token in it.</p></main></html>`,
    { status, contentType: "text/html; charset=utf-8" }
  )

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")

const accepted = HttpServerResponse.empty({ status: 202 })

const problem = (status: number, detail: string, fields: Order.Problems = {}) =>
  HttpServerResponse.jsonUnsafe({ detail, fields } satisfies Problem, {
    status,
    contentType: "application/problem+json"
  })

/** What went wrong, as an answer. */
const answering = <R>(
  effect: Effect.Effect<HttpServerResponse.HttpServerResponse, { readonly _tag: string; readonly message: string }, R>
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R> =>
  effect.pipe(
    Effect.catch((error) =>
      Effect.succeed(
        problem(statuses[error._tag] ?? 400, error.message, error instanceof Invalid ? error.problems : {})
      )
    ),
    // Whoever sits at the terminal can do more with it than whoever sits at the page.
    Effect.catchDefect((defect) =>
      Effect.as(
        Terminal.note(`handoff: a fault of its own: ${defect instanceof Error ? defect.stack : String(defect)}`),
        problem(500, "something in the server went wrong; its terminal says more")
      )
    )
  )

const statuses: Readonly<Record<string, number>> = { Busy: 409, Idle: 409, Invalid: 422, Trouble: 500 }

/** A form that cannot be used. */
class Invalid extends Error {
  readonly _tag = "Invalid"
  readonly problems: Order.Problems
  constructor(problems: Order.Problems) {
    super(
      Object.values(problems).length === 1
        ? Object.values(problems)[0]
        : `${Object.keys(problems).length} fields need another look`
    )
    this.problems = problems
  }
}

const start = Effect.fnUntraced(function* (
  request: HttpServerRequest.HttpServerRequest,
  surveyor: Surveyor,
  resources: Options["resources"]
) {
  const order = Order.parse(yield* body(request), resources)
  if (!order.ok) return yield* Effect.fail(new Invalid(order.problems))
  yield* surveyor.start(order.value)
  return accepted
})

const change = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, surveyor: Surveyor) {
  const choice = Order.parseChoice(yield* body(request))
  if (!choice.ok) return yield* Effect.fail(new Invalid(choice.problems))
  yield* surveyor.change(choice.value)
  return accepted
})

const body = (request: HttpServerRequest.HttpServerRequest) =>
  request.headers["content-type"]?.startsWith("application/json") === true
    ? Effect.mapError(
        Effect.provideService(request.json, HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limits.bodyOctets)),
        () => new Invalid({ form: `not JSON, or more than ${limits.bodyOctets / 2 ** 20} MiB of it` })
      )
    : Effect.fail(new Invalid({ form: "not application/json" }))

/** Everything that happens from now on; first all that has happened, unless the browser says what it has seen. */
const events = (request: HttpServerRequest.HttpServerRequest, surveyor: Surveyor, boot: string) => {
  const { feed } = surveyor
  const encode = (number: number, message: Message) =>
    Sse.encoder.write({ _tag: "Event", event: "message", id: `${boot}-${number}`, data: JSON.stringify(message) })
  const all = () => encode(feed.last, { _tag: "State", state: surveyor.state() })
  const [seenBoot, seen] = (request.headers["last-event-id"] ?? "").split("-")
  let place = seenBoot === boot && /^\d+$/.test(seen ?? "") ? Number(seen) : undefined
  const head = Sse.encoder.write(new Sse.Retry({ duration: Duration.millis(limits.reconnect), lastEventId: undefined }))
  // Pulled again only when the last piece is on its way, so a browser that does not read is not written to.
  const pull = Effect.gen(function* () {
    if (place !== undefined && feed.after(place)?.length === 0) {
      const came = yield* Effect.timeoutOption(feed.beyond(place), limits.heartbeat)
      if (came._tag === "None") return ": still here\n\n"
    }
    const messages = place === undefined ? undefined : feed.after(place)
    place = feed.last
    return messages === undefined ? all() : messages.map(({ message, number }) => encode(number, message)).join("")
  })
  const text = Stream.concat(Stream.make(head), Stream.fromEffectRepeat(pull))
  return HttpServerResponse.stream(Stream.encodeText(text), {
    contentType: "text/event-stream",
    headers: { "cache-control": "no-store", "x-accel-buffering": "no" }
  })
}

const report = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, store: string) {
  const [, , id, name] = request.url.split("?")[0]!.split("/")
  const kind = reports[name as keyof typeof reports] as (typeof reports)[keyof typeof reports] | undefined
  if (kind === undefined || !/^\d{1,15}$/.test(id!)) return problem(404, "there is no such report")
  const findings = yield* Runs.findings(store, Number(id))
  if (findings === undefined) return problem(404, `run ${id} is not in the store any more`)
  const seen = { now: yield* Clock.currentTimeMillis, soon: surveyLimits.soon.default }
  const { all, each, header } = Format.formats[kind.format]
  const text =
    (header ?? "") +
    (all === undefined ? findings.map((finding) => each!(finding, seen)).join("") : all(findings, seen))
  return HttpServerResponse.text(text, {
    contentType: kind.type,
    headers: {
      "content-disposition": `${kind.format === "html" ? "inline" : "attachment"}; filename="run-${id}-${name}"`,
      // What hosts said is in there: it may be looked at, and do nothing.
      "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    }
  })
})

const reports = {
  "report.html": { format: "html", type: "text/html; charset=utf-8" },
  "report.csv": { format: "csv", type: "text/csv; charset=utf-8" },
  "report.ndjson": { format: "ndjson", type: "application/x-ndjson" },
  "report.md": { format: "markdown", type: "text/markdown; charset=utf-8" }
} as const

/** What the form needs to know. */
const pageOptions: PageOptions = {
  strategies: strategies.names,
  executor: strategies.defaults.executor,
  supports: Object.fromEntries(
    strategies.settings.map((setting) => [setting, strategies.supporters(strategies.kinds[setting][0])])
  ),
  presets: Presets.names,
  ports: Settings.fields.ports.format(Settings.fields.ports.default),
  numbers: Order.numbers
}
