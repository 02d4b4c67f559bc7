/**
 * Whether an answer is what the zone's owner signed, from trust anchors down: RFC 4033 to 4035, 5155, 6840, 9276.
 *
 * A validator is given answers, and asks by itself, through `fetch`, for the DS and DNSKEY records between an anchor and
 * the zone that signed. The keys of zones are kept; the work for one answer is bounded by `limits.ts`. Interrupting
 * `validate` stops what it fetches.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { DecodeError, type Message, Name, type Question, Rcode, type ResourceRecord, Type } from "../wire/index.ts"
import { canonicalRdata, keyOf, parentKey } from "../zone/canonical.ts"
import * as RRset from "../zone/RRset.ts"
import { ResourceRecord as Records } from "../wire/index.ts"
import * as types from "../zone/types.ts"
import { AggressiveCache } from "./AggressiveCache.ts"
import * as Algorithm from "./Algorithm.ts"
import { Budget } from "./Budget.ts"
import * as Dnskey from "./Dnskey.ts"
import { extendedErrors, type Failure, type Reason } from "./Failure.ts"
import * as limits from "./limits.ts"
import * as nsec from "./nsec.ts"
import * as nsec3 from "./nsec3.ts"
import * as Rrsig from "./Rrsig.ts"
import type { TrustAnchors } from "./TrustAnchors.ts"
import { ancestorOf, signaturesOf, verify, verifyOnPool, type Verified } from "./verify.ts"

/** What validation found: secure, insecure, bogus or indeterminate, with the reason. */
export type Verdict =
  | {
      readonly status: "secure"
      /** Seconds for which this holds: the least TTL, none longer than its signature. */
      readonly ttl: number
    }
  /** Proven to be below an unsigned delegation, or under a negative trust anchor; `extendedError` is set when a reason can be told. */
  | { readonly status: "insecure"; readonly detail: string; readonly extendedError: number | undefined }
  | {
      readonly status: "bogus" | "indeterminate"
      readonly reason: Reason
      readonly detail: string
      readonly extendedError: number
    }

/** Where to ask, from which anchors, and within which bounds. */
export interface Options<E, R> {
  readonly anchors: TrustAnchors
  /** Asks for a name and type (a code) with DO and CD set. Whatever it fails with makes the answer indeterminate. */
  readonly fetch: (name: Name.Name, type: number) => Effect.Effect<Message.Message, E, R>
  /** Names at and below which everything is taken as insecure (RFC 7646). */
  readonly negativeAnchors?: ReadonlyArray<Name.Name>
  /** Further iterations of NSEC3 above which a zone is insecure. */
  readonly nsec3Iterations?: number
  /** Whether RSA/SHA-1 counts as an algorithm: yes unless told (RFC 9905 3 leaves it to the operator). */
  readonly sha1?: boolean
}

type ZoneState =
  | {
      readonly kind: "secure"
      readonly zone: Name.Name
      readonly keys: ReadonlyArray<Dnskey.Dnskey>
      readonly until: number
    }
  | {
      readonly kind: "insecure"
      readonly detail: string
      readonly extendedError: number | undefined
      readonly until: number
    }
  | { readonly kind: "bogus" | "indeterminate"; readonly failure: Failure; readonly until: number }
  /** The name is no zone's apex: the zone above goes on. */
  | { readonly kind: "inside"; readonly until: number }

type Secure = Extract<ZoneState, { kind: "secure" }>

interface Context {
  /** Seconds since 1970. */
  readonly now: number
  readonly budget: Budget
}

/** What was found out about one part of an answer. */
type Part = Verdict

/** Decides of a reply whether it is secure, insecure or bogus (RFC 4035 section 5). */
export class Validator<E, R> {
  /** Denials that were proven, for RFC 8198. */
  readonly denials = new AggressiveCache()
  private readonly options: Options<E, R>
  private readonly iterations: number
  private readonly negative: ReadonlySet<string>
  private readonly zones = new Map<string, ZoneState>()
  /** Answers that are being judged. */
  private running = 0

  constructor(options: Options<E, R>) {
    this.options = options
    this.iterations = options.nsec3Iterations ?? limits.nsec3Iterations.default
    this.negative = new Set((options.negativeAnchors ?? []).map(keyOf))
  }

  /** Zones whose state is kept. */
  get zonesKept(): number {
    return this.zones.size
  }

  /** Forgets what was found bogus or could not be had, so that it is asked for anew. */
  forgetFailures(): void {
    for (const [key, { kind }] of this.zones) if (kind === "bogus" || kind === "indeterminate") this.zones.delete(key)
  }

  /** Forgets what is known of a zone and of all that is below it: its anchors have changed. */
  forget(zone: Name.Name): void {
    const above = keyOf(zone)
    for (const key of this.zones.keys()) if (key.endsWith(above)) this.zones.delete(key)
  }

  /** Judges the answer to a question. Fails never: what cannot be had is `indeterminate`. */
  validate(question: Question.Question, message: Message.Message): Effect.Effect<Verdict, never, R> {
    return Effect.suspend(() => {
      this.running++
      return Effect.ensuring(
        Effect.flatMap(Clock.currentTimeMillis, (millis) =>
          this.judge(question.name, RRset.codeOf(question.type), message, {
            now: Math.floor(millis / 1_000),
            budget: new Budget()
          })
        ),
        Effect.sync(() => this.running--)
      )
    })
  }

  /** One answer alone is judged soonest at once; of many, the signatures are checked side by side. */
  private verify(
    set: RRset.RRset,
    signatures: ReadonlyArray<Rrsig.Rrsig>,
    { keys, zone }: Pick<Secure, "keys" | "zone">,
    context: Context
  ): Effect.Effect<Verified | Failure> {
    const options = { zone, keys, ...context }
    return this.running > 1
      ? verifyOnPool(set, signatures, options)
      : Effect.sync(() => verify(set, signatures, options))
  }

  private judge(
    name: Name.Name,
    type: number,
    message: Message.Message,
    context: Context
  ): Effect.Effect<Verdict, never, R> {
    return Effect.gen({ self: this }, function* () {
      if (message.rcode !== Rcode.NOERROR && message.rcode !== Rcode.NXDOMAIN && message.rcode !== Rcode.YXDOMAIN) {
        return indeterminate("ServerFailed", `the answer is ${Rcode.nameOf(message.rcode)}`)
      }
      const sets = RRset.group(message.answers.filter((record) => RRset.typeOf(record) !== types.RRSIG))
      const signatures = signaturesIn(message.answers)
      if (type === types.RRSIG && signatures.some((signature) => Name.equals(signature.name, name))) {
        return { status: "insecure", detail: "signatures are not signed (RFC 4035 2.2)", extendedError: undefined }
      }
      let verdict: Verdict = { status: "secure", ttl: limits.findingTtl }
      let at = name
      for (let step = 0; step <= limits.aliases; step++) {
        const path = yield* this.follow(at, type, sets, signatures, message, context)
        if (path === undefined) return worst(verdict, yield* this.judgeDenial(at, type, message, context))
        verdict = worst(verdict, path.part)
        if (verdict.status === "bogus" || verdict.status === "indeterminate") return verdict
        if (path.next === undefined)
          return verdict.status === "secure" ? withRcode(verdict, message, path.rcode) : verdict
        at = path.next
      }
      return bogus("TooMuchWork", `more than ${limits.aliases} aliases`)
    })
  }

  /** Judges the records that answer for a name, or lead on from it; undefined when there are none. */
  private follow(
    name: Name.Name,
    type: number,
    sets: ReadonlyArray<RRset.RRset>,
    signatures: Signatures,
    message: Message.Message,
    context: Context
  ): Effect.Effect<Path | undefined, never, R> {
    return Effect.gen({ self: this }, function* () {
      const direct =
        type === types.ANY
          ? sets.filter((set) => Name.equals(set.name, name))
          : sets.filter((set) => set.type === type && Name.equals(set.name, name))
      if (direct.length > 0) {
        let part: Part = { status: "secure", ttl: limits.findingTtl }
        for (const set of direct) part = worst(part, yield* this.judgeSet(set, signatures, message, context))
        return { part, next: undefined, rcode: Rcode.NOERROR }
      }
      const dname = sets.find(
        (set) => set.type === types.DNAME && !Name.equals(set.name, name) && Name.isSubdomainOf(name, set.name)
      )
      const cname = sets.find((set) => set.type === types.CNAME && Name.equals(set.name, name))
      if (dname !== undefined) {
        const part = yield* this.judgeSet(dname, signatures, message, context)
        const target = targetOf(name, dname)
        if (target === undefined) return { part, next: undefined, rcode: Rcode.YXDOMAIN }
        if (
          cname !== undefined &&
          !Name.equals(Name.fromOctets(cname.rdatas[0]!), target) &&
          part.status === "secure"
        ) {
          return endAt(bogus("AliasWrong", `${Name.toText(name)} is not what its DNAME makes of it`))
        }
        return { part, next: target, rcode: Rcode.NOERROR }
      }
      if (cname === undefined) return undefined
      if (cname.records.length > 1) return endAt(bogus("AliasWrong", `two aliases at ${Name.toText(name)}`))
      return {
        part: yield* this.judgeSet(cname, signatures, message, context),
        next: Name.fromOctets(cname.rdatas[0]!),
        rcode: Rcode.NOERROR
      }
    })
  }

  private judgeSet(
    set: RRset.RRset,
    signatures: Signatures,
    message: Message.Message,
    context: Context
  ): Effect.Effect<Part, never, R> {
    return Effect.gen({ self: this }, function* () {
      const own = signaturesOf(set, signatures)
      // What signs a DS is the zone above (RFC 4035 2.4).
      const from = set.type === types.DS && !Name.isRoot(set.name) ? Name.parent(set.name) : set.name
      const signer = this.signerOf(from, own)
      const state = yield* this.zoneOf(from, signer ?? from, context)
      if (state.kind !== "secure") return partOf(state)
      if (signer === undefined) {
        return own.length === 0
          ? bogus("SignatureMissing", `${Name.toText(set.name)} ${Type.nameOf(set.type)} has no signature`)
          : bogus("SignatureWrongSigner", `${Name.toText(set.name)} is signed by a zone that it is not in`)
      }
      const verified = yield* this.verify(set, own, state, context)
      if ("reason" in verified) return bogus(verified.reason, verified.detail)
      const ttl = Math.min(verified.ttl, Math.max(0, state.until - context.now))
      if (verified.encloser === undefined) return { status: "secure", ttl }
      return yield* this.judgeExpansion(set, verified, state, message, context, ttl)
    })
  }

  private judgeExpansion(
    set: RRset.RRset,
    { encloser }: Verified,
    state: Secure,
    message: Message.Message,
    context: Context,
    ttl: number
  ): Effect.Effect<Part> {
    return Effect.map(this.readDenial(message, state, context), (denial): Part => {
      if ("status" in denial) return denial
      const proof = this.proveExpansion(set.name, encloser!, denial, state)
      if (proof !== "proven") return proof
      const until = context.now + Math.min(ttl, denial.ttl)
      this.keepDenials(denial, state.zone, until, context.now)
      if (set.type !== types.CNAME) this.denials.addExpansion(state.zone, encloser!, set, until, context.now)
      return { status: "secure", ttl }
    })
  }

  /** That a wildcard may stand for a name: nothing is closer to it. */
  private proveExpansion(name: Name.Name, encloser: Name.Name, denial: ReadDenial, { zone }: Secure): "proven" | Part {
    const unproven = () =>
      denial.failure ?? bogus("WildcardUnproven", `nothing shows that ${Name.toText(name)} is not there itself`)
    if (denial.nsecs.length > 0) {
      return nsec.provesNothingCloser(denial.nsecs, name, encloser, zone) ? "proven" : unproven()
    }
    if (denial.nsec3 === undefined) return unproven()
    if (denial.nsec3.records[0]!.iterations > this.iterations) return tooManyIterations(zone)
    const proof = bounded(() => denial.nsec3!.provesNothingCloser(name, encloser))
    if (proof === "exhausted") return bogus("TooMuchWork", "too many hashes of NSEC3")
    if (proof === undefined) return unproven()
    return proof === "proven" ? "proven" : optedOut(zone)
  }

  /**
   * The zone that claims to have signed: of those that the name is in, and that an anchor can lead to, the deepest. Signatures that
   * others put beside the right one, of zones above the anchor among them, are so of no consequence.
   */
  private signerOf(from: Name.Name, signatures: ReadonlyArray<Rrsig.Rrsig>): Name.Name | undefined {
    const anchor = this.options.anchors.closest(from)?.zone
    let deepest: Name.Name | undefined
    for (const { signer } of signatures) {
      if (anchor === undefined || !Name.isSubdomainOf(from, signer) || !Name.isSubdomainOf(signer, anchor)) continue
      if (deepest === undefined || signer.octets.length > deepest.octets.length) deepest = signer
    }
    return deepest
  }

  /** Keeps denials for later questions (RFC 8198). */
  private keepDenials(
    { nsecs, nsec3: chain }: { readonly nsecs: ReadonlyArray<nsec.Nsec>; readonly nsec3: nsec3.Denial | undefined },
    zone: Name.Name,
    until: number,
    now: number
  ): void {
    this.denials.add(zone, nsecs, until, now)
    if (chain !== undefined) this.denials.addHashed(zone, chain.records, until, now)
  }

  /** Judges that a name or a type is not there. */
  private judgeDenial(
    name: Name.Name,
    type: number,
    message: Message.Message,
    context: Context
  ): Effect.Effect<Part, never, R> {
    return Effect.gen({ self: this }, function* () {
      const from = type === types.DS && !Name.isRoot(name) ? Name.parent(name) : name
      const signatures = signaturesIn(message.authorities).map(({ rrsig }) => rrsig)
      const state = yield* this.zoneOf(from, this.signerOf(from, signatures) ?? from, context)
      if (state.kind !== "secure") return partOf(state)
      if (message.rcode === Rcode.YXDOMAIN) return bogus("DenialMissing", "no DNAME makes a name that is too long")
      const denial = yield* this.readDenial(message, state, context)
      return "status" in denial ? denial : this.proveDenial(name, type, message, denial, state, context)
    })
  }

  private proveDenial(
    name: Name.Name,
    type: number,
    message: Message.Message,
    denial: ReadDenial,
    state: Secure,
    context: Context
  ): Part {
    const noName = message.rcode === Rcode.NXDOMAIN
    const what = `${Name.toText(name)}${noName ? "" : ` ${Type.nameOf(type)}`}`
    const missing = () => denial.failure ?? bogus("DenialMissing", `nothing proves that there is no ${what}`)
    const secure = (): Part => {
      const ttl = Math.min(denial.ttl, Math.max(0, state.until - context.now))
      this.keepDenials(denial, state.zone, context.now + ttl, context.now)
      return { status: "secure", ttl }
    }
    if (denial.nsecs.length > 0) {
      if (noName) return nsec.provesNoName(denial.nsecs, name, state.zone) ? secure() : missing()
      const proof = nsec.provesNoData(denial.nsecs, name, type, state.zone)
      if (proof === "proven") return secure()
      return proof === "contradicted" ? bogus("DenialContradicts", `the proof says that there is ${what}`) : missing()
    }
    if (denial.nsec3 === undefined) return missing()
    if (denial.nsec3.records[0]!.iterations > this.iterations) return tooManyIterations(state.zone)
    const proof = bounded(() => (noName ? denial.nsec3!.provesNoName(name) : denial.nsec3!.provesNoData(name, type)))
    if (proof === "exhausted") return bogus("TooMuchWork", "too many hashes of NSEC3")
    if (proof === "proven") return secure()
    if (proof === "insecure") return optedOut(state.zone)
    return proof === "contradicted" ? bogus("DenialContradicts", `the proof says that there is ${what}`) : missing()
  }

  /** The denials of a message that are signed by the zone; the first that is not is told when no proof comes about. */
  private readDenial(message: Message.Message, state: Secure, context: Context): Effect.Effect<Part | ReadDenial> {
    return Effect.gen({ self: this }, function* () {
      // Of an answer put together of several zones' only this zone's: the others' are looked at in their turn.
      const sets = RRset.group(
        message.authorities.filter(
          (record) => isDenial(RRset.typeOf(record)) && Name.isSubdomainOf(record.name, state.zone)
        )
      )
      const signatures = signaturesIn(message.authorities)
      const nsecs: Array<nsec.Nsec> = []
      const hashed: Array<nsec3.Nsec3> = []
      let ttl = limits.findingTtl
      let failure: Part | undefined
      for (const set of sets.slice(0, limits.denialsPerMessage)) {
        const verified = yield* this.verify(set, signaturesOf(set, signatures), state, context)
        if ("reason" in verified) {
          if (verified.reason === "TooMuchWork") return bogus(verified.reason, verified.detail)
          failure ??= bogus(verified.reason, verified.detail)
          continue
        }
        // A denial made of a wildcard's own record would prove anything below it (RFC 4035 5.3.4 has no such thing).
        if (verified.encloser !== undefined) continue
        ttl = Math.min(ttl, verified.ttl)
        if (set.type === types.SOA) {
          // Whatever TTL the denials come with, they are kept no longer than the zone wants (RFC 9077 3).
          ttl = Math.min(ttl, minimumOf(set.rdatas[0]!))
          continue
        }
        if (set.type === types.NSEC) nsecs.push(nsec.read(set.name, set.rdatas[0]!))
        else {
          for (const rdata of set.rdatas) {
            const record = nsec3.read(set.name, rdata, state.zone)
            if (record !== undefined) hashed.push(record)
          }
        }
      }
      const chain = hashed.length === 0 ? undefined : new nsec3.Denial(hashed, state.zone, context.budget)
      return { nsecs, nsec3: chain, ttl, failure }
    })
  }

  /** The state of the zone that a name is in, an owner or who signed for it: from the closest anchor down, cut by cut. */
  private zoneOf(owner: Name.Name, name: Name.Name, context: Context): Effect.Effect<ZoneState, never, R> {
    return Effect.gen({ self: this }, function* () {
      for (let key = keyOf(owner); ; key = parentKey(key)) {
        if (this.negative.has(key)) return insecureState("a negative trust anchor is above it", undefined, context)
        if (key.length === 1) break
      }
      const anchor = this.options.anchors.closest(name)
      if (anchor === undefined)
        return failed("indeterminate", "NoAnchor", `no trust anchor is above ${Name.toText(name)}`, context)
      let current = yield* this.kept(anchor.zone, context, () => this.anchored(anchor, context))
      if (current.kind !== "secure") return current
      const labels = Name.countLabels(name)
      for (let count = Name.countLabels(anchor.zone) + 1; count <= labels; count++) {
        const at = ancestorOf(name, count)
        const parent: Secure = current
        const next: ZoneState = yield* this.kept(at, context, () => this.delegated(at, parent, context))
        if (next.kind === "inside") continue
        if (next.kind !== "secure") return next
        current = next
      }
      return current
    })
  }

  private kept(
    zone: Name.Name,
    context: Context,
    find: () => Effect.Effect<ZoneState, never, R>
  ): Effect.Effect<ZoneState, never, R> {
    const key = keyOf(zone)
    const known = this.zones.get(key)
    if (known !== undefined && known.until > context.now) return Effect.succeed(known)
    return Effect.map(find(), (state) => {
      this.zones.delete(key)
      if (this.zones.size >= limits.zonesKept) this.zones.delete(this.zones.keys().next().value!)
      this.zones.set(key, state)
      return state
    })
  }

  private anchored(
    anchor: {
      readonly zone: Name.Name
      readonly ds: ReadonlyArray<Dnskey.Ds>
      readonly keys: ReadonlyArray<Dnskey.Dnskey>
    },
    context: Context
  ): Effect.Effect<ZoneState, never, R> {
    return this.keysOf(anchor.zone, anchor.ds, anchor.keys, limits.findingTtl, context)
  }

  /** The state of a name right below a secure zone, by the answer to its DS. */
  private delegated(name: Name.Name, parent: Secure, context: Context): Effect.Effect<ZoneState, never, R> {
    return Effect.gen({ self: this }, function* () {
      const fetched = yield* Effect.result(this.options.fetch(name, types.DS))
      if (fetched._tag === "Failure") {
        return failed("indeterminate", "Unreachable", `the DS of ${Name.toText(name)} cannot be had`, context)
      }
      const message = fetched.success
      if (message.rcode !== Rcode.NOERROR && message.rcode !== Rcode.NXDOMAIN) {
        return failed(
          "indeterminate",
          "Unreachable",
          `the DS of ${Name.toText(name)} is answered ${Rcode.nameOf(message.rcode)}`,
          context
        )
      }
      const sets = RRset.group(message.answers.filter((record) => RRset.typeOf(record) !== types.RRSIG))
      const signatures = signaturesIn(message.answers)
      const set = sets.find((candidate) => candidate.type === types.DS && Name.equals(candidate.name, name))
      if (set !== undefined) {
        const verified = yield* this.verify(set, signaturesOf(set, signatures), parent, context)
        if ("reason" in verified) return failed("bogus", verified.reason, verified.detail, context)
        if (verified.encloser !== undefined) {
          return failed("bogus", "WildcardUnproven", `the DS of ${Name.toText(name)} is a wildcard's`, context)
        }
        const all = set.rdatas.map(Dnskey.readDs).filter((ds) => ds !== undefined)
        return yield* this.keysOf(
          name,
          all,
          [],
          Math.min(verified.ttl, Math.max(0, parent.until - context.now)),
          context
        )
      }
      const alias = sets.find((candidate) => candidate.type === types.CNAME && Name.equals(candidate.name, name))
      if (alias !== undefined) {
        const verified = yield* this.verify(alias, signaturesOf(alias, signatures), parent, context)
        if ("reason" in verified) return failed("bogus", verified.reason, verified.detail, context)
        const inside: ZoneState = { kind: "inside", until: context.now + verified.ttl }
        if (verified.encloser === undefined) return inside
        const denial = yield* this.readDenial(message, parent, context)
        const proof = "status" in denial ? denial : this.proveExpansion(name, verified.encloser, denial, parent)
        if (proof === "proven") return inside
        return proof.status === "bogus"
          ? failed("bogus", proof.reason, proof.detail, context)
          : insecureState(`${Name.toText(name)} is not signed`, undefined, context, verified.ttl)
      }
      const denial = yield* this.readDenial(message, parent, context)
      return this.undelegated(name, message, denial, parent, context)
    })
  }

  /** No DS: a name inside the zone, or an unsigned delegation; or no proof of either. */
  private undelegated(
    name: Name.Name,
    message: Message.Message,
    denial: Part | ReadDenial,
    parent: Secure,
    context: Context
  ): ZoneState {
    if ("status" in denial)
      return denial.status === "secure" || denial.status === "insecure"
        ? failed("bogus", "DenialMissing", "", context)
        : failed(denial.status, denial.reason, denial.detail, context)
    const ttl = Math.min(denial.ttl, Math.max(0, parent.until - context.now))
    const inside: ZoneState = { kind: "inside", until: context.now + ttl }
    const missing = (): ZoneState =>
      denial.failure !== undefined && denial.failure.status === "bogus"
        ? failed("bogus", denial.failure.reason, denial.failure.detail, context)
        : failed("bogus", "DenialMissing", `nothing proves that ${Name.toText(name)} has no DS`, context)
    const unsigned = () => insecureState(`${Name.toText(name)} is not signed`, undefined, context, ttl)
    if (denial.nsecs.length > 0) {
      const match = denial.nsecs.find(({ owner }) => Name.equals(owner, name))
      if (match !== undefined) {
        if (match.has(types.DS) || match.has(types.SOA)) {
          return failed(
            "bogus",
            "DenialContradicts",
            `the proof says that ${Name.toText(name)} has a DS, or is the child's`,
            context
          )
        }
        return match.has(types.NS) ? unsigned() : inside
      }
      if (
        message.rcode === Rcode.NXDOMAIN
          ? nsec.provesNoName(denial.nsecs, name, parent.zone)
          : nsec.provesNoData(denial.nsecs, name, types.DS, parent.zone) === "proven"
      ) {
        return inside
      }
      // An answer that is NXDOMAIN for a name with names below is wrong, but harmless: the name is inside the zone.
      return nsec.provesNoData(denial.nsecs, name, types.DS, parent.zone) === "proven" ? inside : missing()
    }
    if (denial.nsec3 === undefined) return missing()
    const chain = denial.nsec3
    if (chain.records[0]!.iterations > this.iterations) {
      return insecureState(`NSEC3 of ${Name.toText(parent.zone)} with too many iterations`, 27, context, ttl)
    }
    const state = bounded((): ZoneState => {
      const match = chain.matching(name)
      if (match !== undefined) {
        if (match.has(types.DS) || match.has(types.SOA)) {
          return failed(
            "bogus",
            "DenialContradicts",
            `the proof says that ${Name.toText(name)} has a DS, or is the child's`,
            context
          )
        }
        return match.has(types.NS) ? unsigned() : inside
      }
      const proof = message.rcode === Rcode.NXDOMAIN ? chain.provesNoName(name) : chain.provesNoData(name, types.DS)
      if (proof === "insecure") return unsigned()
      return proof === "proven" ? inside : missing()
    })
    return state === "exhausted" ? failed("bogus", "TooMuchWork", "too many hashes of NSEC3", context) : state
  }

  /** Fetches a zone's keys and checks them against what the parent, or an anchor, says (RFC 4035 5.2, RFC 6840 5.11). */
  private keysOf(
    zone: Name.Name,
    ds: ReadonlyArray<Dnskey.Ds>,
    anchors: ReadonlyArray<Dnskey.Dnskey>,
    maxTtl: number,
    context: Context
  ): Effect.Effect<ZoneState, never, R> {
    return Effect.gen({ self: this }, function* () {
      const known = (algorithm: number) =>
        Algorithm.isSupported(algorithm) && (this.options.sha1 !== false || !Algorithm.isSha1(algorithm))
      const usable = ds.filter(({ algorithm, digestType }) => known(algorithm) && Dnskey.digestTypes.has(digestType))
      const trusted = anchors.filter(({ algorithm }) => known(algorithm))
      if (usable.length + trusted.length === 0) {
        const byDigest = ds.some(({ algorithm }) => known(algorithm))
        return insecureState(
          byDigest
            ? `no DS of ${Name.toText(zone)} has a digest that is known here`
            : `no algorithm of ${Name.toText(zone)} is known here`,
          byDigest ? 2 : 1,
          context,
          maxTtl
        )
      }
      const fetched = yield* Effect.result(this.options.fetch(zone, types.DNSKEY))
      if (
        fetched._tag === "Failure" ||
        (fetched.success.rcode !== Rcode.NOERROR && fetched.success.rcode !== Rcode.NXDOMAIN)
      ) {
        return failed("indeterminate", "Unreachable", `the keys of ${Name.toText(zone)} cannot be had`, context)
      }
      const answers = fetched.success.answers
      const set = RRset.group(answers.filter((record) => RRset.typeOf(record) === types.DNSKEY)).find((candidate) =>
        Name.equals(candidate.name, zone)
      )
      if (set === undefined) return failed("bogus", "KeyMissing", `${Name.toText(zone)} has a DS and no keys`, context)
      if (set.rdatas.length > limits.keysPerZone)
        return failed("bogus", "TooMuchWork", `${set.rdatas.length} keys of ${Name.toText(zone)}`, context)
      // Copies: what is kept for a day must not hold on to the message that it came in. Algorithms that do not count here have no keys.
      const keys = set.rdatas
        .map((rdata) => Dnskey.read(Uint8Array.from(rdata)))
        .filter((key) => key !== undefined && known(key.algorithm)) as ReadonlyArray<Dnskey.Dnskey>
      const signatures = signaturesOf(set, signaturesIn(answers))
      let failure: Failure | undefined
      const entries: Array<Dnskey.Dnskey> = []
      for (const record of Dnskey.strongest(usable).slice(0, limits.dsPerZone)) {
        const named = keys.filter(({ tag, algorithm }) => tag === record.keyTag && algorithm === record.algorithm)
        entries.push(...named.slice(0, limits.keysPerSignature).filter((key) => Dnskey.matches(zone, record, key)))
      }
      for (const anchor of trusted) entries.push(...keys.filter((key) => Buffer.compare(key.rdata, anchor.rdata) === 0))
      if (entries.length === 0) {
        return failed("bogus", "DelegationMismatch", `no key of ${Name.toText(zone)} fits its DS or anchor`, context)
      }
      // One signature by a key that is vouched for makes the whole set good.
      const verified = yield* this.verify(set, signatures, { zone, keys: entries }, context)
      if ("reason" in verified) failure = verified
      else {
        const ttl = Math.min(verified.ttl, maxTtl, limits.findingTtl)
        return { kind: "secure", zone, keys, until: context.now + ttl }
      }
      return failed("bogus", failure.reason, failure.detail, context)
    })
  }
}

/** What one step of an answer leads to; `rcode` is what the whole must have when it ends there. */
interface Path {
  readonly part: Part
  readonly next: Name.Name | undefined
  readonly rcode: number
}

const endAt = (part: Part): Path => ({ part, next: undefined, rcode: Rcode.NOERROR })

/** The code of a message is not signed: what the records prove is what it must say. */
const withRcode = (verdict: Verdict, message: Message.Message, rcode: number): Verdict =>
  message.rcode === rcode
    ? verdict
    : bogus("DenialContradicts", `the answer is ${Rcode.nameOf(message.rcode)}, its records say ${Rcode.nameOf(rcode)}`)

/** The denials of a message. */
interface ReadDenial {
  readonly nsecs: ReadonlyArray<nsec.Nsec>
  readonly nsec3: nsec3.Denial | undefined
  readonly ttl: number
  readonly failure: Part | undefined
}

type Signatures = ReadonlyArray<{ readonly name: Name.Name; readonly rrsig: Rrsig.Rrsig }>

const signaturesIn = (records: ReadonlyArray<ResourceRecord.ResourceRecord>): Signatures => {
  const found: Array<{ name: Name.Name; rrsig: Rrsig.Rrsig }> = []
  for (const record of records) {
    if (RRset.typeOf(record) !== types.RRSIG) continue
    const rrsig = Rrsig.read(Records.dataOctets(record))
    if (rrsig !== undefined) found.push({ name: record.name, rrsig })
  }
  return found
}

/** The last field of a SOA. */
const minimumOf = (rdata: Uint8Array): number =>
  new DataView(rdata.buffer, rdata.byteOffset, rdata.length).getUint32(rdata.length - 4)

const isDenial = (type: number): boolean => type === types.NSEC || type === types.NSEC3 || type === types.SOA

const targetOf = (name: Name.Name, dname: RRset.RRset): Name.Name | undefined => {
  const head = name.octets.subarray(0, name.octets.length - dname.name.octets.length)
  const target = canonicalRdata(types.DNAME, dname.rdatas[0]!)
  if (head.length + target.length > 255) return undefined
  try {
    return Name.fromOctets(Buffer.concat([head, target]))
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

const bounded = <A>(proof: () => A): A | "exhausted" => {
  try {
    return proof()
  } catch (error) {
    if (error instanceof nsec3.TooManyHashes) return "exhausted"
    throw error
  }
}

const bogus = (reason: Reason, detail: string): Part => ({
  status: "bogus",
  reason,
  detail,
  extendedError: extendedErrors[reason]
})

const indeterminate = (reason: Reason, detail: string): Part => ({
  status: "indeterminate",
  reason,
  detail,
  extendedError: extendedErrors[reason]
})

const optedOut = (zone: Name.Name): Part => ({
  status: "insecure",
  detail: `${Name.toText(zone)} opts out of proving more`,
  extendedError: undefined
})

const tooManyIterations = (zone: Name.Name): Part => ({
  status: "insecure",
  detail: `NSEC3 of ${Name.toText(zone)} with too many iterations`,
  extendedError: 27
})

const failed = (kind: "bogus" | "indeterminate", reason: Reason, detail: string, context: Context): ZoneState => ({
  kind,
  failure: { reason, detail },
  until: context.now + limits.bogusTtl
})

const insecureState = (
  detail: string,
  extendedError: number | undefined,
  context: Context,
  ttl: number = limits.findingTtl
): ZoneState => ({ kind: "insecure", detail, extendedError, until: context.now + ttl })

const partOf = (state: Exclude<ZoneState, Secure>): Part => {
  switch (state.kind) {
    case "insecure":
      return { status: "insecure", detail: state.detail, extendedError: state.extendedError }
    case "bogus":
      return bogus(state.failure.reason, state.failure.detail)
    case "indeterminate":
      return indeterminate(state.failure.reason, state.failure.detail)
    case "inside":
      return bogus("KeyMissing", "signed by what is no zone")
  }
}

const rank = { secure: 0, insecure: 1, indeterminate: 2, bogus: 3 } as const

/** The worse of two findings; of two secure ones the shorter. */
const worst = (a: Verdict, b: Verdict): Verdict => {
  if (a.status === "secure" && b.status === "secure") return a.ttl <= b.ttl ? a : b
  return rank[b.status] > rank[a.status] ? b : a
}
