/**
 * Questions to the hosts of the links: names below `.local`, by multicast (RFC 6762), and services among them (RFC 6763). Whoever
 * is on a link may answer: this is as trustworthy as the link.
 */
import * as Effect from "effect/Effect"
import { Name, type Question, ResourceRecord } from "../wire/index.ts"
import { gather, type Heard, type MdnsError, type Options } from "./gather.ts"
import * as Link from "./Link.ts"

/** A service or host that answered. */
export interface Found {
  /** The records that were asked for. */
  readonly answers: ReadonlyArray<ResourceRecord.ResourceRecord>
  /** What came along: a service's SRV, TXT and addresses. */
  readonly additionals: ReadonlyArray<ResourceRecord.ResourceRecord>
}

/** Asks the links; nobody answering is no error. Interrupting closes the sockets. */
export const query = (
  name: Name.Name | string,
  type: Question.QuestionType,
  options: Options = {}
): Effect.Effect<Found, MdnsError> =>
  Effect.map(
    gather(typeof name === "string" ? Name.fromText(name) : name, [type], options),
    ({ answers, additionals }) => ({ answers: answers.map(recordOf), additionals: additionals.map(recordOf) })
  )

const recordOf = ({ record }: Heard) => record

/** A service that somebody on a link offers (RFC 6763). */
export interface Service {
  /** `Office printer._ipp._tcp.local.` */
  readonly instance: Name.Name
  readonly host: Name.Name
  readonly port: number
  /** Ready to connect to: with the interface where the address is of one link only, `fe80::1%eth0`. */
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
    const asked = typeof kind === "string" ? Name.fromText(kind) : kind
    const { answers, additionals } = yield* gather(asked, ["PTR"], options)
    const instances = answers.flatMap(({ record }) => (ResourceRecord.is("PTR")(record) ? [record.data.host] : []))
    return yield* Effect.forEach(instances, (instance) => describe(instance, additionals, options), { concurrency: 8 })
  })

const describe = (
  instance: Name.Name,
  along: ReadonlyArray<Heard>,
  options: Options
): Effect.Effect<Service, MdnsError> =>
  Effect.gen(function* () {
    const heard = [...along]
    const have = (name: Name.Name, type: string) =>
      heard.filter(({ record }) => record.type === type && Name.equals(record.name, name))
    const need = Effect.fnUntraced(function* (name: Name.Name, ...kinds: ReadonlyArray<"SRV" | "TXT" | "A" | "AAAA">) {
      if (kinds.some((type) => have(name, type).length > 0)) return
      const found = yield* gather(name, kinds, { ...options, first: true })
      heard.push(...found.answers, ...found.additionals)
    })
    yield* need(instance, "SRV")
    yield* need(instance, "TXT")
    const srv = have(instance, "SRV")[0]?.record as ResourceRecord.Of<"SRV"> | undefined
    if (srv === undefined) return { instance, host: Name.root, port: 0, addresses: [], text: [] }
    const { port, target: host } = srv.data
    yield* need(host, "A", "AAAA")
    const txt = have(instance, "TXT")[0]?.record
    return {
      instance,
      host,
      port,
      addresses: [...new Set([...have(host, "A"), ...have(host, "AAAA")].map(addressOf))],
      text: txt === undefined ? [] : stringsOf(ResourceRecord.dataOctets(txt))
    }
  })

const addressOf = ({ link, record }: Heard): string => {
  const { address } = (record as ResourceRecord.Of<"A">).data
  return Link.isLinkLocal(address) ? `${address}%${link.zone}` : address
}

const stringsOf = (rdata: Uint8Array): ReadonlyArray<string> => {
  const strings: Array<string> = []
  for (let at = 0; at < rdata.length; at += rdata[at]! + 1) {
    strings.push(Buffer.from(rdata.subarray(at + 1, at + 1 + rdata[at]!)).toString("utf8"))
  }
  return strings
}
