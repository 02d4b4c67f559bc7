/**
 * The cache kept over the life of a process, in Effect's own `KeyValueStore`: a file, Redis, SQL or memory.
 *
 * What is kept is what servers sent, with the time it came, so that TTLs run on meanwhile and what has expired is not read
 * back. The format is lines of `type view`, name, time, server, transport and the message's octets in base64; lines that
 * make no sense are passed over, so a damaged store costs answers, not correctness.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { KeyValueStore, type KeyValueStoreError } from "effect/persistence/KeyValueStore"
import type { Scope } from "effect/Scope"
import { Answer, kindOf } from "./Answer.ts"
import { Dns, type Shape } from "./Dns.ts"
import * as Reply from "./Reply.ts"
import { DecodeError } from "./wire/DecodeError.ts"
import * as Message from "./wire/Message.ts"
import * as Name from "./wire/Name.ts"
import { TextError } from "./wire/TextError.ts"

const version = "handoff-dns-cache 1"
const defaultKey = "@handoff/dns/cache"

/** Writes all that is in the cache. */
export const save = (dns: Shape, key = defaultKey): Effect.Effect<void, KeyValueStoreError, KeyValueStore> =>
  Effect.flatMap(KeyValueStore, (store) => store.set(key, encode(dns)))

/** Puts back what was saved and has not expired; gives how many answers. */
export const load = (dns: Shape, key = defaultKey): Effect.Effect<number, KeyValueStoreError, KeyValueStore> =>
  Effect.gen(function* () {
    const store = yield* KeyValueStore
    const text = yield* store.get(key)
    return text === undefined ? 0 : decode(dns, text)
  })

/** Loads the cache now, and saves it when the scope closes. A store that fails costs the cache, nothing else. */
export const persist = (dns: Shape, key = defaultKey): Effect.Effect<void, never, KeyValueStore | Scope> =>
  Effect.gen(function* () {
    yield* Effect.ignore(load(dns, key))
    yield* Effect.addFinalizer(() => Effect.ignore(save(dns, key)))
  })

/** `persist` for the resolver of the context, as a layer. */
export const layer = (key = defaultKey): Layer.Layer<never, never, Dns | KeyValueStore> =>
  Layer.effectDiscard(Effect.flatMap(Dns, (dns) => persist(dns, key)))

const encode = (dns: Shape): string => {
  const lines = [version]
  for (const { entry, key } of dns.resolver.cache.all()) {
    const { answer } = entry
    // What was joined from several messages, or known without one, is quickly known again.
    if (answer?.octets === undefined || answer.stale || answer.name !== entry.name) continue
    const octets = Buffer.from(answer.octets).toString("base64")
    lines.push(
      JSON.stringify([key, answer.type, entry.name, answer.receivedAt, answer.server, answer.transport, octets])
    )
  }
  return lines.join("\n")
}

const decode = (dns: Shape, text: string): number => {
  const [head, ...lines] = text.split("\n")
  if (head !== version) return 0
  let count = 0
  for (const line of lines) if (put(dns, line)) count++
  return count
}

const put = (dns: Shape, line: string): boolean => {
  const fields = parse(line)
  if (fields === undefined) return false
  const [key, type, name, receivedAt, server, transport, base64] = fields
  const octets = Uint8Array.from(Buffer.from(base64, "base64"))
  const message = Message.decode(octets, { trailing: "ignore" })
  if (message instanceof DecodeError) return false
  let wireName: Name.Name
  try {
    wireName = Name.fromText(name.endsWith(".") ? name : `${name}.`)
  } catch (error) {
    if (error instanceof TextError) return false
    throw error
  }
  // Read anew as when it came: a store is no more to be trusted than a server.
  const meaning = Reply.read(message, { name: wireName, type, class: "IN" })
  if (meaning._tag === "Problem" || meaning._tag === "Truncated" || meaning._tag === "Alias") return false
  const answer = new Answer({
    kind: kindOf(meaning),
    name,
    type,
    records: meaning._tag === "Found" ? meaning.records : [],
    aliases: meaning.aliases,
    canonicalName: meaning.name,
    ttl: meaning.ttl,
    message,
    octets,
    server,
    transport,
    milliseconds: 0,
    receivedAt,
    stale: false
  })
  const { resolver } = dns
  return resolver.cache.putBack(key, name, answer, resolver.wallMillis()) !== undefined
}

type Fields = [string, string, string, number, string, Answer["transport"], string]

const parse = (line: string): Fields | undefined => {
  try {
    const fields: unknown = JSON.parse(line)
    if (!Array.isArray(fields) || fields.length !== 7) return undefined
    const holds = fields.every((field, index) => (index === 3 ? Number.isFinite(field) : typeof field === "string"))
    return holds ? (fields as Fields) : undefined
  } catch {
    return undefined
  }
}
