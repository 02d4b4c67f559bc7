/**
 * Zones going out: the messages of AXFR (RFC 5936 2.2) and IXFR (RFC 1995 4). Made one at a time as they are asked for, from
 * one version of the zone, so an edit during a transfer does not show and memory holds one message.
 */
import { Message, type Question, Rcode, ResourceRecord } from "../wire/index.ts"
import type { Diff } from "../zone/Diff.ts"
import * as Serial from "../zone/Serial.ts"
import type { Zone } from "../zone/Zone.ts"
import * as limits from "./limits.ts"

type Record = ResourceRecord.ResourceRecord

/** What a secondary asks for, and who it is. */
export interface Request {
  readonly id: number
  readonly question: Question.Question
}

/** The whole zone. */
export const axfr = (zone: Zone, request: Request): Generator<Message.Message> => pack(request, axfrRecords(zone))

/**
 * What changed after the client's serial: one SOA when nothing did, the differences when they are given, else the whole
 * zone.
 */
export const ixfr = (
  zone: Zone,
  request: Request,
  options: { readonly serial: number; readonly diffs: ReadonlyArray<Diff> | undefined }
): Generator<Message.Message> => {
  if (options.serial === zone.serial || Serial.isAfter(options.serial, zone.serial))
    return pack(request, [zone.soa.records[0]!])
  return pack(request, options.diffs === undefined ? axfrRecords(zone) : ixfrRecords(zone, options.diffs))
}

/** IXFR over UDP: the answer when it is one message of that size, else the SOA alone, so that the client comes by TCP. */
export const ixfrOverUdp = (
  zone: Zone,
  request: Request,
  options: { readonly serial: number; readonly diffs: ReadonlyArray<Diff> | undefined; readonly maxOctets: number }
): Message.Message => {
  const single = reply(request, [zone.soa.records[0]!])
  if (options.diffs === undefined) return single
  const messages = ixfr(zone, request, options)
  const first = messages.next().value as Message.Message
  return messages.next().done === true && Message.encode(first).length <= options.maxOctets ? first : single
}

function* axfrRecords(zone: Zone): Generator<Record> {
  yield* zone.records()
  yield zone.soa.records[0]!
}

function* ixfrRecords(zone: Zone, diffs: ReadonlyArray<Diff>): Generator<Record> {
  const soa = zone.soa.records[0]!
  yield soa
  for (const diff of diffs) {
    for (const records of [diff.removed, diff.added]) {
      yield* records.filter((record) => record.type === "SOA")
      yield* records.filter((record) => record.type !== "SOA")
    }
  }
  yield soa
}

function* pack(request: Request, records: Iterable<Record>): Generator<Message.Message> {
  let answers: Array<Record> = []
  let octets = 0
  for (const record of records) {
    const size = record.name.octets.length + 10 + ResourceRecord.dataOctets(record).length
    if (octets + size > limits.messageOctets && answers.length > 0) {
      yield reply(request, answers)
      answers = []
      octets = 0
    }
    answers.push(record)
    octets += size
  }
  yield reply(request, answers)
}

const reply = (request: Request, answers: ReadonlyArray<Record>): Message.Message =>
  Message.make({
    id: request.id,
    response: true,
    authoritative: true,
    rcode: Rcode.NOERROR,
    questions: [request.question],
    answers
  })
