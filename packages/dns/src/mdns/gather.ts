/**
 * One question to every link, and what its hosts answer.
 *
 * Questions are one-shot (RFC 6762 5.1): sent from a port of their own with a wish for unicast answers (5.4), and asked again
 * until the time is over. So no group is joined: who hears a question from another port than the group's answers to that port
 * (6.7).
 */
import { createSocket, type Socket } from "node:dgram"
import { networkInterfaces } from "node:os"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as nsec from "../dnssec/nsec.ts"
import { Name, type Question, ResourceRecord } from "../wire/index.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import * as limits from "./limits.ts"
import * as Link from "./Link.ts"
import { decode, encode } from "./message.ts"

/** The link cannot be asked: no such interface, or no multicast there. */
export class MdnsError extends Data.TaggedError("MdnsError")<{ readonly cause: unknown }> {
  override get message(): string {
    return `no multicast: ${String(this.cause)}`
  }
}

/** On which links to ask, and how long to wait for more answers. */
export interface Options extends Link.Options {
  /** Milliseconds; see `limits`. */
  readonly wait?: number
  /** Whether the first answer is enough: so unless told, but for PTR, of which there are many. */
  readonly first?: boolean
  /** The group's port, which answers must come from: 5353 unless told. */
  readonly port?: number
}

/** A record, and where it was heard first. */
export interface Heard {
  readonly record: ResourceRecord.ResourceRecord
  readonly link: Link.Link
}

/** What was asked for, and what came along. */
export interface Gathered {
  readonly answers: ReadonlyArray<Heard>
  readonly additionals: ReadonlyArray<Heard>
}

/** Asks the links for a name's records of some types; nobody answering is no error. Interrupting closes the sockets. */
export const gather = (
  asked: Name.Name,
  kinds: ReadonlyArray<Question.QuestionType>,
  options: Options
): Effect.Effect<Gathered, MdnsError> =>
  Effect.callback<Gathered, MdnsError>((resume) => {
    const codes = kinds.map(RRset.codeOf)
    const first = options.first ?? !codes.includes(types.PTR)
    const port = options.port ?? limits.port
    const wait = options.wait ?? limits.wait.default
    if (!(wait >= limits.wait.min && wait <= limits.wait.max)) {
      throw new RangeError(`wait is from ${limits.wait.min} to ${limits.wait.max} ms, not ${wait}`)
    }
    const answers = new Map<string, Heard>()
    const additionals = new Map<string, Heard>()
    const sockets = new Map<Socket, Link.Link>()
    let again: NodeJS.Timeout | undefined
    const stop = () => {
      clearTimeout(again)
      clearTimeout(end)
      for (const socket of sockets.keys()) close(socket)
      sockets.clear()
    }
    const finish = () => {
      stop()
      resume(Effect.succeed({ answers: [...answers.values()], additionals: [...additionals.values()] }))
    }
    /** A link that cannot be asked is no loss where there is another: a machine may have IPv6 and no route for it. */
    const giveUp = (socket: Socket, cause: unknown) => {
      if (!sockets.delete(socket)) return
      close(socket)
      if (sockets.size > 0) return
      if (answers.size > 0) return finish()
      stop()
      resume(Effect.fail(new MdnsError({ cause })))
    }
    const hear = (link: Link.Link, octets: Uint8Array) => {
      const message = decode(octets)
      if (message === undefined || !message.response || message.opcode !== 0 || message.rcode !== 0) return
      const mine = (record: ResourceRecord.ResourceRecord) =>
        Name.equals(record.name, asked) && codes.some((code) => code === types.ANY || RRset.typeOf(record) === code)
      const denies = (record: ResourceRecord.ResourceRecord) =>
        record.type === "NSEC" && Name.equals(record.name, asked) && !codes.some(nsecOf(record).has)
      const all = [...message.answers, ...message.additionals]
      if (!message.answers.some(mine)) {
        // The host says that it has none (RFC 6762 6.1).
        if (first && all.some(denies)) finish()
        return
      }
      for (const record of message.answers) keep(mine(record) ? answers : additionals, { record, link })
      for (const record of message.additionals) keep(additionals, { record, link })
      if (first) finish()
    }
    const question = encode(asked, kinds)
    const ask = (socket: Socket, link: Link.Link) =>
      socket.send(question, port, link.group, (error) => {
        if (error !== null) giveUp(socket, error)
      })
    const open = (link: Link.Link) => {
      const socket = createSocket(link.family === 4 ? { type: "udp4" } : { type: "udp6", ipv6Only: true })
      sockets.set(socket, link)
      socket.on("error", (cause) => giveUp(socket, cause))
      socket.on("message", (octets, from) => {
        // Answers come from the group's port and from this link, or they are none (RFC 6762 6 and 11).
        if (from.port === port && Link.isNeighbour(link, from.address)) hear(link, octets)
      })
      socket.bind(() => {
        try {
          if (link.family === 4) socket.setMulticastInterface(link.address)
          socket.setMulticastTTL(255)
          ask(socket, link)
        } catch (cause) {
          giveUp(socket, cause)
        }
      })
    }
    let attempt = 0
    const askAgain = () => {
      for (const [socket, link] of sockets) ask(socket, link)
      again = setTimeout(askAgain, limits.interval * 2 ** ++attempt)
    }
    const end = setTimeout(finish, wait)
    again = setTimeout(askAgain, limits.interval)
    const links = Link.choose(networkInterfaces(), options)
    for (const link of links) open(link)
    if (links.length === 0) {
      stop()
      resume(Effect.fail(new MdnsError({ cause: new Error(`no interface ${options.interface ?? "at all"}`) })))
    }
    return Effect.sync(stop)
  })

const close = (socket: Socket): void => {
  socket.removeAllListeners()
  socket.on("error", () => undefined)
  socket.close()
}

const nsecOf = (record: ResourceRecord.ResourceRecord) => nsec.read(record.name, ResourceRecord.dataOctets(record))

const keep = (into: Map<string, Heard>, heard: Heard): void => {
  const { record } = heard
  const key = `${Name.key(record.name)} ${record.type} ${Buffer.from(ResourceRecord.dataOctets(record)).toString("latin1")}`
  // A TTL of zero says goodbye (RFC 6762 10.1).
  if (record.ttl === 0) into.delete(key)
  else if (into.size < limits.records && !into.has(key)) into.set(key, heard)
}
