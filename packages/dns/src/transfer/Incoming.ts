/** What the messages of a transfer amount to: a machine without I/O (RFC 5936 2.2, RFC 1995 4). */
import { type Message, Name, ResourceRecord } from "../wire/index.ts"
import { canonicalRdata, compareOctets } from "../zone/canonical.ts"
import type { Diff } from "../zone/Diff.ts"
import * as Serial from "../zone/Serial.ts"
import * as types from "../zone/types.ts"
import * as limits from "./limits.ts"

/** Thrown by `push`; the shell makes a `TransferError` of it. */
export class TransferFault extends Error {
  readonly reason: "Malformed" | "TooLarge"

  constructor(reason: TransferFault["reason"], detail: string) {
    super(detail)
    this.reason = reason
  }
}

/**
 * Takes records in the order of the stream. States: before the first SOA; `whole` (an AXFR, or an IXFR that is one);
 * `removing` and `adding` in an IXFR; done. In an IXFR the first two records tell which it is.
 */
export class Incoming {
  readonly origin: Name.Name
  /** The serial that the client has; undefined for AXFR. */
  readonly serial: number | undefined
  state: "first" | "second" | "whole" | "removing" | "adding" | "done" = "first"
  /** The SOA of the new version. */
  soa: ResourceRecord.Of<"SOA"> | undefined = undefined
  readonly diffs: Array<Diff> = []
  /** Octets of rdata and owners so far. */
  octets = 0
  private readonly maxOctets: number
  private removed: Array<ResourceRecord.ResourceRecord> = []
  private added: Array<ResourceRecord.ResourceRecord> = []
  private from = 0

  constructor(options: { readonly origin: Name.Name; readonly serial?: number; readonly maxOctets?: number }) {
    this.origin = options.origin
    this.serial = options.serial
    this.maxOctets = options.maxOctets ?? limits.zoneOctets
  }

  /** Whether the whole zone is what comes. */
  get isWhole(): boolean {
    return this.serial === undefined || this.state === "whole" || (this.state === "done" && this.diffs.length === 0)
  }

  /** Takes a message; returns the records of the whole zone that were in it, the SOA once. */
  push(message: Message.Message): Array<ResourceRecord.ResourceRecord> {
    const out: Array<ResourceRecord.ResourceRecord> = []
    for (const record of message.answers) {
      if (this.state === "done") throw new TransferFault("Malformed", "records after the last SOA")
      this.octets += record.name.octets.length + 10 + ResourceRecord.dataOctets(record).length
      if (this.octets > this.maxOctets) throw new TransferFault("TooLarge", `a zone over ${this.maxOctets} octets`)
      this.take(record, out)
    }
    // A single SOA is the answer "you have it" to an IXFR, and to a UDP-sized one "come by TCP".
    if (this.state === "second" && this.serial !== undefined && !Serial.isAfter(this.soa!.data.serial, this.serial)) {
      this.state = "done"
    }
    return out
  }

  private take(record: ResourceRecord.ResourceRecord, out: Array<ResourceRecord.ResourceRecord>): void {
    const soa = record.type === "SOA" && Name.equals(record.name, this.origin) ? record : undefined
    switch (this.state) {
      case "first":
        if (soa === undefined) throw new TransferFault("Malformed", "a transfer that does not begin with its SOA")
        this.soa = soa
        this.state = this.serial === undefined ? "whole" : "second"
        if (this.serial === undefined) out.push(record)
        return
      case "second":
        if (soa !== undefined && soa.data.serial === this.serial) {
          this.state = "removing"
          this.removed = [record]
          this.from = soa.data.serial
          return
        }
        this.state = "whole"
        out.push(this.soa!)
        if (soa === undefined) out.push(record)
        else this.finish(soa)
        return
      case "whole":
        if (soa === undefined) out.push(record)
        else this.finish(soa)
        return
      case "removing":
        if (soa === undefined) this.removed.push(record)
        else {
          this.added = [record]
          this.state = "adding"
        }
        return
      case "adding":
        if (soa === undefined) return void this.added.push(record)
        const to = (this.added[0] as ResourceRecord.Of<"SOA">).data.serial
        this.diffs.push({ from: this.from, to, removed: this.removed, added: this.added })
        if (this.diffs.length > limits.differences)
          throw new TransferFault("TooLarge", `over ${limits.differences} differences`)
        if (soa.data.serial !== to) throw new TransferFault("Malformed", "differences that do not follow on each other")
        if (to === this.soa!.data.serial) {
          if (!sameSoa(this.added[0] as ResourceRecord.Of<"SOA">, soa))
            throw new TransferFault("Malformed", "two SOAs of the last version")
          return this.finish(soa)
        }
        this.state = "removing"
        this.removed = [record]
        this.from = soa.data.serial
        return
      case "done":
    }
  }

  private finish(soa: ResourceRecord.Of<"SOA">): void {
    if (!sameSoa(soa, this.soa!)) throw new TransferFault("Malformed", "the last SOA is not the first")
    this.state = "done"
  }
}

/** Whether all fields are the same, not only the serial: a stream that was put together of two versions shows by them. */
const sameSoa = (a: ResourceRecord.Of<"SOA">, b: ResourceRecord.Of<"SOA">): boolean =>
  compareOctets(soaOctets(a), soaOctets(b)) === 0

const soaOctets = (soa: ResourceRecord.Of<"SOA">): Uint8Array =>
  canonicalRdata(types.SOA, ResourceRecord.dataOctets(soa))
