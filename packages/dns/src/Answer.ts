/**
 * What a server said about a question: records with their TTL, or that there are none; with how it was learnt.
 */
import { type ExtendedError, extendedErrors } from "./ExtendedError.ts"
import type { Meaning } from "./Reply.ts"
import * as Message from "./wire/Message.ts"
import * as Name from "./wire/Name.ts"
import type { ResourceRecord } from "./wire/ResourceRecord.ts"

/** A query as the caller states it, beside its name and type. */
export interface View {
  /** DO: have DNSSEC records sent along (RFC 3225). */
  readonly dnssecOk?: boolean | undefined
  /** CD: have data that the server could not validate, too (RFC 4035 section 3.2.2). */
  readonly checkingDisabled?: boolean | undefined
  /** Asks for the answer that clients of this network get: `192.0.2.0/24` (RFC 7871); `0.0.0.0/0` asks to send none on. */
  readonly clientSubnet?: string | undefined
}

/** Whether there are records, none of the type, or not even the name. */
export type Kind = "records" | "no record" | "no name"

/** What an answer is made of. */
interface Fields {
  readonly kind: Kind
  readonly name: string
  readonly type: string
  readonly records: ReadonlyArray<ResourceRecord>
  readonly aliases: ReadonlyArray<ResourceRecord>
  readonly canonicalName: Name.Name
  readonly ttl: number | undefined
  readonly message: Message.Message | undefined
  readonly octets: Uint8Array | undefined
  readonly server: string
  readonly transport: Answer["transport"]
  readonly milliseconds: number
  readonly receivedAt: number
  readonly stale: boolean
}

export class Answer {
  /** Whether there are records of the type; else whether there is the name at least. */
  readonly kind: Kind
  private decoded: Message.Message | undefined
  private kept: ReadonlyArray<ResourceRecord>
  private chain: ReadonlyArray<ResourceRecord>
  /** The name asked for, lower case, without the final dot. */
  readonly name: string
  /** The type asked for: a mnemonic, or `TYPE123`. */
  readonly type: string
  /** Where the chain ends: the owner of the records. */
  readonly canonicalName: Name.Name
  /** Seconds for which it could be kept when it came; undefined when it may not be kept. */
  readonly ttl: number | undefined
  /** The octets of the last message of it; undefined for what we knew ourselves (`localhost`, the hosts file). */
  readonly octets: Uint8Array | undefined
  /** The server that answered, as `127.0.0.1:53` or `tls://127.0.0.1:853#dns.example`; or `hosts`, `special`. */
  readonly server: string
  readonly transport: "udp" | "tcp" | "tls" | "https" | "none"
  /** From the first send to the answer. */
  readonly milliseconds: number
  /** When it came, ms of the wall clock. */
  readonly receivedAt: number
  /** Whether it comes from the cache, past its TTL (RFC 8767); its `ttl` is then what it may be kept for now. */
  readonly stale: boolean
  /** @internal What was made of it for a caller, kept for the next: its addresses, its records as values. */
  addresses: unknown = undefined
  /** @internal */
  values: unknown = undefined

  /** @internal */
  constructor(fields: Fields) {
    this.kind = fields.kind
    this.name = fields.name
    this.type = fields.type
    this.kept = fields.records
    this.chain = fields.aliases
    this.canonicalName = fields.canonicalName
    this.ttl = fields.ttl
    this.decoded = fields.message
    this.octets = fields.octets
    this.server = fields.server
    this.transport = fields.transport
    this.milliseconds = fields.milliseconds
    this.receivedAt = fields.receivedAt
    this.stale = fields.stale
  }

  /** The records at the end of the chain of aliases; empty unless `kind` is `records`. */
  get records(): ReadonlyArray<ResourceRecord> {
    return this.kept
  }

  /** The CNAME and DNAME records that led there, in order. */
  get aliases(): ReadonlyArray<ResourceRecord> {
    return this.chain
  }

  /** The last message of it, whole, decoded anew when it was in the cache; undefined where `octets` is. */
  get message(): Message.Message | undefined {
    if (this.decoded !== undefined || this.octets === undefined) return this.decoded
    return Message.decodeUnsafe(this.octets, { trailing: "ignore" })
  }

  /** @internal The same answer with some of its fields changed. */
  with(changes: Partial<Fields>): Answer {
    const {
      aliases,
      canonicalName,
      kind,
      milliseconds,
      name,
      octets,
      receivedAt,
      server,
      stale,
      transport,
      ttl,
      type
    } = this
    const same = { aliases, canonicalName, kind, milliseconds, name, octets, receivedAt, server, stale, transport, ttl }
    return new Answer({ ...same, type, records: this.kept, message: this.decoded, ...changes })
  }

  /** @internal For the cache: the records as plain values, and nothing that can be had from the octets. */
  compact(): void {
    const { canonicalName } = this
    if (this.decoded === undefined) return
    this.decoded = undefined
    const plain = (record: ResourceRecord): ResourceRecord => {
      const { class: cls, data, name, ttl, type } = record
      const owner = Name.identical(name, canonicalName) ? canonicalName : name
      return { name: owner, type, class: cls, ttl, data } as ResourceRecord
    }
    this.kept = this.kept.map(plain)
    this.chain = this.chain.map(plain)
  }

  /** What people want to see of it, for printing and JSON. */
  toJSON(): unknown {
    const { aliases, canonicalName, extendedErrors, kind, milliseconds, name, records } = this
    const { server, stale, transport, ttl, type } = this
    return {
      kind,
      name,
      type,
      canonicalName,
      ttl,
      records,
      aliases,
      server,
      transport,
      milliseconds,
      stale,
      extendedErrors
    }
  }

  /** `NOERROR`, `NXDOMAIN`. */
  get code(): "NOERROR" | "NODATA" | "NXDOMAIN" {
    return this.kind === "records" ? "NOERROR" : this.kind === "no record" ? "NODATA" : "NXDOMAIN"
  }

  /** Whole seconds for which it may be kept from `now` on, ms of the wall clock. */
  ttlAt(now: number): number {
    if (this.ttl === undefined) return 0
    if (this.stale) return this.ttl
    return Math.max(0, Math.ceil(this.ttl - (now - this.receivedAt) / 1_000))
  }

  /** AD: the server says that it validated this; worth what the way to it is worth. */
  get authenticData(): boolean {
    return this.message?.authenticData ?? false
  }

  get extendedErrors(): ReadonlyArray<ExtendedError> {
    return extendedErrors(this.message)
  }
}

/** The kind of what a reply means. */
export const kindOf = (meaning: Meaning): Kind =>
  meaning._tag === "NoName" ? "no name" : meaning._tag === "Found" ? "records" : "no record"
