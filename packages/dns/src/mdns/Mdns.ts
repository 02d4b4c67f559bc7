/**
 * Questions to the hosts of the link: names below `.local`, by multicast (RFC 6762), and services among them (RFC 6763).
 *
 * Questions are one-shot (5.1): sent from a port of their own with a wish for unicast answers (5.4), and asked again with
 * the answers that are known (7.1) until the time is over. Whoever is on the link may answer: this is as trustworthy as
 * the link.
 */
import { createSocket } from "node:dgram"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { recordStarts } from "../update/recordStarts.ts"
import { DecodeError, Message, Name, type Question, ResourceRecord } from "../wire/index.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import * as limits from "./limits.ts"

/** The link cannot be asked: no such interface, or no multicast there. */
export class MdnsError extends Data.TaggedError("MdnsError")<{ readonly cause: unknown }> {
  override get message(): string {
    return `no multicast: ${String(this.cause)}`
  }
}

/** On which interface to ask, and how long to wait for more answers. */
export interface Options {
  /** The address of the interface to ask on; the system's choice unless told. */
  readonly interface?: string
  /** Milliseconds; see `limits`. */
  readonly wait?: number
  /** Whether the first answer is enough: so unless told, but for PTR, of which there are many. */
  readonly first?: boolean
  /** The group's port, which answers must come from: 5353 unless told. */
  readonly port?: number
}

/** A service or host that answered. */
export interface Found {
  /** The records that were asked for. */
  readonly answers: ReadonlyArray<ResourceRecord.ResourceRecord>
  /** What came along: a service's SRV, TXT and addresses. */
  readonly additionals: ReadonlyArray<ResourceRecord.ResourceRecord>
}

/** Asks the link; nobody answering is no error. Interrupting closes the socket. */
export const query = (
  name: Name.Name | string,
  type: Question.QuestionType,
  options: Options = {}
): Effect.Effect<Found, MdnsError> =>
  Effect.callback<Found, MdnsError>((resume) => {
    const asked = typeof name === "string" ? Name.fromText(name) : name
    const code = RRset.codeOf(type)
    const first = options.first ?? code !== types.PTR
    const port = options.port ?? limits.port
    const answers = new Map<string, ResourceRecord.ResourceRecord>()
    const additionals = new Map<string, ResourceRecord.ResourceRecord>()
    const socket = createSocket("udp4")
    let timer: NodeJS.Timeout | undefined
    const stop = () => {
      clearTimeout(timer)
      clearTimeout(end)
      socket.removeAllListeners()
      socket.on("error", () => undefined)
      socket.close()
    }
    const finish = () => {
      stop()
      resume(Effect.succeed({ answers: [...answers.values()], additionals: [...additionals.values()] }))
    }
    const end = setTimeout(finish, options.wait ?? limits.wait.default)
    socket.on("error", (cause) => {
      stop()
      resume(Effect.fail(new MdnsError({ cause })))
    })
    socket.on("message", (octets, from) => {
      // Answers come from the group's port, or they are none (RFC 6762 6 and 11).
      if (from.port !== port) return
      const message = decode(octets)
      if (message === undefined || !message.response || message.opcode !== 0 || message.rcode !== 0) return
      const mine = (record: ResourceRecord.ResourceRecord) =>
        Name.equals(record.name, asked) && (code === types.ANY || RRset.typeOf(record) === code)
      if (!message.answers.some(mine)) return
      for (const record of message.answers) keep(mine(record) ? answers : additionals, record)
      for (const record of message.additionals) keep(additionals, record)
      if (first) finish()
    })
    let attempt = 0
    const ask = () => {
      socket.send(encode(asked, type, [...answers.values()]), port, limits.group)
      timer = setTimeout(ask, limits.interval * 2 ** attempt++)
    }
    socket.bind(() => {
      try {
        if (options.interface !== undefined) socket.setMulticastInterface(options.interface)
        socket.setMulticastTTL(255)
        ask()
      } catch (cause) {
        stop()
        resume(Effect.fail(new MdnsError({ cause })))
      }
    })
    return Effect.sync(stop)
  })

const keep = (into: Map<string, ResourceRecord.ResourceRecord>, record: ResourceRecord.ResourceRecord): void => {
  const key = `${Name.key(record.name)} ${record.type} ${Buffer.from(ResourceRecord.dataOctets(record)).toString("latin1")}`
  // A TTL of zero says goodbye (RFC 6762 10.1).
  if (record.ttl === 0) into.delete(key)
  else if (into.size < limits.records) into.set(key, record)
}

/** The question, wishing for unicast answers, with the answers that need not be given again. */
export const encode = (
  name: Name.Name,
  type: Question.QuestionType,
  known: ReadonlyArray<ResourceRecord.ResourceRecord>
): Uint8Array => {
  // As many as a datagram holds whole: those that are left out are given again, which does no harm.
  let room = limits.questionOctets - name.octets.length - 16
  const answers = known.filter((record) => {
    room -= record.name.octets.length + 10 + ResourceRecord.dataOctets(record).length
    return room >= 0
  })
  const octets = Message.encode(Message.make({ questions: [{ name, type, class: "IN" }], answers }))
  // The top bit of the class is the wish (RFC 6762 5.4).
  octets[12 + name.octets.length + 2]! |= 0x80
  return octets
}

/** A message whose records may have the top bit of their class set, "this is all there is" (RFC 6762 10.2). */
const decode = (octets: Uint8Array): Message.Message | undefined => {
  if (Message.decode(octets) instanceof DecodeError) return undefined
  const copy = Uint8Array.from(octets)
  for (const { type, data } of recordStarts(copy)) if (type !== types.OPT) copy[data - 8]! &= 0x7f
  const message = Message.decode(copy)
  return message instanceof DecodeError ? undefined : message
}

/** A service that somebody on the link offers (RFC 6763). */
export interface Service {
  /** `Office printer._ipp._tcp.local.` */
  readonly instance: Name.Name
  readonly host: Name.Name
  readonly port: number
  readonly addresses: ReadonlyArray<string>
  /** The strings of its TXT record. */
  readonly text: ReadonlyArray<string>
}

/** All services of a kind, `_ipp._tcp.local`; what did not come along is asked for. */
export const browse = (
  kind: Name.Name | string,
  options: Options = {}
): Effect.Effect<ReadonlyArray<Service>, MdnsError> =>
  Effect.gen(function* () {
    const { answers, additionals } = yield* query(kind, "PTR", options)
    const instances = answers.filter(ResourceRecord.is("PTR")).map(({ data }) => data.host)
    return yield* Effect.forEach(instances, (instance) => describe(instance, additionals, options), { concurrency: 8 })
  })

const describe = (
  instance: Name.Name,
  along: ReadonlyArray<ResourceRecord.ResourceRecord>,
  options: Options
): Effect.Effect<Service, MdnsError> =>
  Effect.gen(function* () {
    const records = [...along]
    const have = (name: Name.Name, type: Question.QuestionType) =>
      records.filter((record) => record.type === type && Name.equals(record.name, name))
    const need = Effect.fnUntraced(function* (name: Name.Name, type: Question.QuestionType) {
      if (have(name, type).length > 0) return
      const found = yield* query(name, type, { ...options, first: true })
      records.push(...found.answers, ...found.additionals)
    })
    yield* need(instance, "SRV")
    yield* need(instance, "TXT")
    const srv = have(instance, "SRV")[0] as ResourceRecord.Of<"SRV"> | undefined
    if (srv === undefined) return { instance, host: Name.root, port: 0, addresses: [], text: [] }
    yield* need(srv.data.target, "A")
    const txt = have(instance, "TXT")[0]
    const addresses = [...have(srv.data.target, "A"), ...have(srv.data.target, "AAAA")]
    return {
      instance,
      host: srv.data.target,
      port: srv.data.port,
      addresses: addresses.map((record) => (record as ResourceRecord.Of<"A">).data.address),
      text: txt === undefined ? [] : stringsOf(ResourceRecord.dataOctets(txt))
    }
  })

const stringsOf = (rdata: Uint8Array): ReadonlyArray<string> => {
  const strings: Array<string> = []
  for (let at = 0; at < rdata.length; at += rdata[at]! + 1) {
    strings.push(Buffer.from(rdata.subarray(at + 1, at + 1 + rdata[at]!)).toString("utf8"))
  }
  return strings
}
