/**
 * Names by the loop's own resolver: c-ares, through `node:dns`. The baseline that the pure `dns` and the C library on
 * `threads` are compared with.
 *
 * It asks name servers only: no hosts file, no mDNS, no search list; `localhost` and addresses are answered without
 * asking (RFC 6761 section 6.3). c-ares tells TTLs of A and AAAA only (other sets say 0: not to be kept), and not the
 * owner at the end of a chain of aliases (the set carries the name asked for). A query cannot be called off: giving up
 * means that its answer is ignored.
 */
import { LookupError, Unsupported } from "@handoff/core"
import type { LookupAddress, LookupHost, OtherRecord, QueryRecords, RecordSet } from "@handoff/core"
import type * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Dns from "effect/net/Dns"
import * as Host from "effect/net/Host"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import * as dns from "node:dns"
import type { SystemError } from "./Link.ts"

/** Servers and bounds of the loop's own resolver. */
export interface Options {
  /** Servers to ask, as `127.0.0.1`, `127.0.0.1:5353`, `[::1]:53`; default: those of the system. */
  readonly nameServers?: ReadonlyArray<string> | undefined
  /** Milliseconds per try. */
  readonly timeout?: number | undefined
  readonly tries?: number | undefined
}

type OnExit = (exit: Exit.Exit<any, any>) => void

export class Names {
  readonly #resolver: dns.Resolver

  constructor(options: Options = {}) {
    this.#resolver = new dns.Resolver({
      ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
      ...(options.tries === undefined ? {} : { tries: options.tries })
    })
    if (options.nameServers !== undefined && options.nameServers.length > 0) {
      this.#resolver.setServers(options.nameServers)
    }
  }

  /** Every query under way answers with ECANCELLED. */
  close(): void {
    this.#resolver.cancel()
  }

  lookupHost(task: LookupHost, onExit: OnExit): void {
    const known = withoutAsking(task.name)
    const families: ReadonlyArray<"IPv6" | "IPv4"> = task.family === undefined ? ["IPv6", "IPv4"] : [task.family]
    if (known !== undefined) {
      const fitting = known.filter((address) => families.includes(NetAddress.familyOf(address)))
      setImmediate(() =>
        onExit(
          fitting.length > 0 ? Exit.succeed(fitting) : Exit.fail(failure(task.name, { code: "ENODATA" } as SystemError))
        )
      )
      return
    }
    const found: Record<string, ReadonlyArray<NetAddress.IpAddress>> = {}
    let worst: SystemError | undefined
    let left = families.length
    const arrived = (family: string) => (error: SystemError | null, addresses: ReadonlyArray<string> | undefined) => {
      // A fault says more than "no such record".
      if (error && (worst === undefined || isAbsence(worst))) worst = error
      found[family] = (addresses ?? []).flatMap((text) => {
        const address = NetAddress.ipFromString(text)
        return Result.isSuccess(address) ? [address.success] : []
      })
      if (--left > 0) return
      const all = families.flatMap((name) => found[name] ?? [])
      onExit(
        all.length > 0
          ? Exit.succeed(all)
          : Exit.fail(failure(task.name, worst ?? ({ code: "ENODATA" } as SystemError)))
      )
    }
    for (const family of families) {
      this.#ask(task.name, arrived(family), (done) =>
        family === "IPv6" ? this.#resolver.resolve6(task.name, done) : this.#resolver.resolve4(task.name, done)
      )
    }
  }

  lookupAddress(task: LookupAddress, onExit: OnExit): void {
    const address = NetAddress.formatIp(task.address)
    this.#ask(
      address,
      (error, names: ReadonlyArray<string> | undefined) => {
        const clean = (names ?? []).map((name) => (name.endsWith(".") ? name.slice(0, -1) : name))
        onExit(
          clean.length > 0
            ? Exit.succeed(clean)
            : Exit.fail(failure(address, error ?? ({ code: "ENODATA" } as SystemError)))
        )
      },
      (done) => this.#resolver.reverse(address, done)
    )
  }

  queryRecords(executor: string, task: QueryRecords, onExit: OnExit): void {
    const type = task.type.toUpperCase()
    const ask = Object.hasOwn(questions, type) ? questions[type as keyof typeof questions] : undefined
    if (ask === undefined) {
      const detail = `c-ares has no type ${task.type}`
      onExit(Exit.fail(new Unsupported({ executor, kind: task._tag, supportedBy: [], detail })))
      return
    }
    this.#ask(
      task.name,
      (error, answer: Answer | undefined) => {
        if (error !== null || answer === undefined) {
          const code = error?.code === "ENOTFOUND" ? "NXDOMAIN" : error?.code === "ENODATA" ? "NODATA" : undefined
          onExit(Exit.fail(failure(task.name, error ?? ({ code: "ENODATA" } as SystemError), code)))
          return
        }
        const records = answer.records()
        if (records.length === 0) {
          onExit(Exit.fail(failure(task.name, { code: "EBADRESP" } as SystemError)))
          return
        }
        const set: RecordSet = {
          name: task.name.endsWith(".") ? task.name.slice(0, -1) : task.name,
          type,
          ttl: answer.ttl,
          records: records as unknown as Arr.NonEmptyArray<Dns.DnsRecord>
        }
        onExit(Exit.succeed(set))
      },
      (done) => ask(this.#resolver, task.name, done)
    )
  }

  /** Node throws for a name that is no string it likes; that is an answer too. */
  #ask(
    name: string,
    done: (error: SystemError | null, value?: any) => void,
    start: (done: (error: SystemError | null, value?: any) => void) => void
  ): void {
    if (name.length > 254 || name.length === 0 || name.includes("\0")) {
      setImmediate(() => done({ code: "EBADNAME" } as SystemError))
      return
    }
    try {
      start(done)
    } catch (error) {
      setImmediate(() => done({ code: "EBADNAME", message: String(error) } as SystemError))
    }
  }
}

/** These names as Effect's `Dns`, for dialling where the app provides none. */
export const toDns = (names: Names): Dns.Dns["Service"] =>
  Dns.make({
    lookup: (name, family) =>
      Effect.callback<ReadonlyArray<NetAddress.IpAddress>, Dns.DnsError>((resume) => {
        names.lookupHost(
          { _tag: "LookupHost", name, ...(family === undefined ? {} : { family }) } as unknown as LookupHost,
          (exit) =>
            resume(
              Effect.mapError(
                exit as Exit.Exit<ReadonlyArray<NetAddress.IpAddress>, LookupError>,
                (error) => new Dns.DnsError({ reason: error.reason, method: "lookup", hostname: name, cause: error })
              )
            )
        )
      })
  })

const withoutAsking = (name: string): ReadonlyArray<NetAddress.IpAddress> | undefined => {
  const address = NetAddress.ipFromString(name)
  if (Result.isSuccess(address)) return [address.success]
  const lower = name.toLowerCase()
  return lower === "localhost" || lower === "localhost." || lower.endsWith(".localhost")
    ? [NetAddress.ipv6Loopback, NetAddress.ipv4Loopback]
    : undefined
}

const isAbsence = (error: SystemError): boolean => error.code === "ENOTFOUND" || error.code === "ENODATA"

const reasons: Readonly<Record<string, LookupError["reason"]>> = {
  ENOTFOUND: "NotFound",
  ENODATA: "NotFound",
  ETIMEOUT: "Timeout",
  ESERVFAIL: "ServerFailure",
  EREFUSED: "Refused",
  ECONNREFUSED: "Refused",
  EBADNAME: "BadName",
  EBADSTR: "BadName",
  EBADQUERY: "BadName",
  EFORMERR: "InvalidResponse",
  EBADRESP: "InvalidResponse",
  ENOTIMP: "Unsupported",
  ECANCELLED: "Temporary",
  ENOMEM: "Temporary"
}

const failure = (name: string, error: SystemError, code?: string): LookupError => {
  const own = (error.code ?? "UNKNOWN").replace(/^DNS_/, "")
  return new LookupError({ name, reason: reasons[own] ?? "Unknown", code: code ?? own })
}

interface Answer {
  readonly ttl: number
  readonly records: () => ReadonlyArray<Dns.DnsRecord | OtherRecord>
}

type Ask = (resolver: dns.Resolver, name: string, done: (error: SystemError | null, answer?: Answer) => void) => void

/** Records that Effect's types cannot hold (a name that is none) are left out. */
const made = <T extends Dns.RecordType>(type: T, fields: () => Dns.RecordFields<T>): ReadonlyArray<Dns.DnsRecord> => {
  const record = Result.try(() => Dns.makeRecordUnsafe(type, fields()))
  return Result.isSuccess(record) ? [record.success] : []
}

const domain = (name: string): Host.DomainName =>
  Host.domainNameFromStringUnsafe(name.endsWith(".") ? name : `${name}.`)
const dotted = (name: string): string => (name.endsWith(".") ? name : `${name}.`)
const seconds = (count: number): Duration.Duration => Duration.seconds(count >>> 0)

const plain =
  <A>(
    ask: (
      resolver: dns.Resolver,
      name: string,
      done: (error: SystemError | null, entries: ReadonlyArray<A>) => void
    ) => void,
    record: (entry: A) => ReadonlyArray<Dns.DnsRecord>
  ): Ask =>
  (resolver, name, done) =>
    ask(resolver, name, (error, entries) =>
      error ? done(error) : done(null, { ttl: 0, records: () => entries.flatMap(record) })
    )

const addresses =
  (type: "A" | "AAAA"): Ask =>
  (resolver, name, done) => {
    const arrived = (error: SystemError | null, entries: ReadonlyArray<dns.RecordWithTtl>): void =>
      error
        ? done(error)
        : done(null, {
            ttl: entries.reduce((least, entry) => Math.min(least, entry.ttl), 2 ** 31 - 1),
            records: () =>
              entries.flatMap((entry) =>
                made(type, () => ({ address: NetAddress.ipFromStringUnsafe(entry.address) }) as never)
              )
          })
    if (type === "A") resolver.resolve4(name, { ttl: true }, arrived)
    else resolver.resolve6(name, { ttl: true }, arrived)
  }

const questions = {
  A: addresses("A"),
  AAAA: addresses("AAAA"),
  CAA: plain<dns.CaaRecord>(
    (resolver, name, done) => resolver.resolveCaa(name, done),
    (caa) =>
      made("CAA", () => {
        const tag = Object.keys(caa).find((key) => key !== "critical" && key !== "type")!
        return {
          critical: (caa.critical & 0x80) !== 0,
          tag,
          value: String((caa as unknown as Record<string, unknown>)[tag])
        }
      })
  ),
  CNAME: plain<string>(
    (resolver, name, done) => resolver.resolveCname(name, done),
    (target) => made("CNAME", () => ({ target: domain(target) }))
  ),
  MX: plain<dns.MxRecord>(
    (resolver, name, done) => resolver.resolveMx(name, done),
    (mx) => made("MX", () => ({ exchange: domain(mx.exchange), priority: mx.priority }))
  ),
  NAPTR: plain<dns.NaptrRecord>(
    (resolver, name, done) => resolver.resolveNaptr(name, done),
    (naptr) => made("NAPTR", () => ({ ...naptr, replacement: domain(naptr.replacement) }))
  ),
  NS: plain<string>(
    (resolver, name, done) => resolver.resolveNs(name, done),
    (host) => made("NS", () => ({ host: domain(host) }))
  ),
  PTR: plain<string>(
    (resolver, name, done) => resolver.resolvePtr(name, done),
    (host) => made("PTR", () => ({ host: dotted(host) }))
  ),
  SOA: plain<dns.SoaRecord>(
    (resolver, name, done) => resolver.resolveSoa(name, (error, soa) => done(error, error ? [] : [soa])),
    (soa) =>
      made("SOA", () => ({
        primary: domain(soa.nsname),
        admin: dotted(soa.hostmaster),
        serial: soa.serial,
        refresh: seconds(soa.refresh),
        retry: seconds(soa.retry),
        expire: seconds(soa.expire),
        minimum: seconds(soa.minttl)
      }))
  ),
  SRV: plain<dns.SrvRecord>(
    (resolver, name, done) => resolver.resolveSrv(name, done),
    (srv) =>
      made("SRV", () => ({ target: domain(srv.name), port: srv.port, priority: srv.priority, weight: srv.weight }))
  ),
  TLSA: plain<dns.TlsaRecord>(
    (resolver, name, done) => resolver.resolveTlsa(name, done),
    (tlsa) =>
      made("TLSA", () => ({
        certUsage: tlsa.certUsage,
        selector: tlsa.selector,
        matchingType: tlsa.match,
        data: new Uint8Array(tlsa.data)
      }))
  ),
  TXT: plain<ReadonlyArray<string>>(
    (resolver, name, done) => resolver.resolveTxt(name, done),
    (chunks) => made("TXT", () => ({ chunks: chunks as unknown as Arr.NonEmptyReadonlyArray<string> }))
  )
} satisfies Record<string, Ask>
