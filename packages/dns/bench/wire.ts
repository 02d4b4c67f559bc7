/**
 * The codec against `dns-packet` and dnspython, on the same messages; zone files; messages made to be slow; the fuzzer.
 *
 * `decode` is what each library's own decoding call gives: dns-packet and dnspython read everything at once, ours checks
 * everything and reads what is looked at. `read all` looks at every field of ours.
 */
import { execFile, execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Bench } from "@handoff/bench"
import { DecodeError, Message } from "@handoff/dns/wire"
import { dnsPacket } from "./wire/dnsPacket.ts"
import { hostile } from "../test/wire/hostile.ts"
import { messages, readAll } from "./wire/messages.ts"
import { readZone, zoneText } from "./wire/zone.ts"

const python = "/usr/bin/python3"
const script = fileURLToPath(new URL("wire/dnspython_bench.py", import.meta.url))
const fuzzer = fileURLToPath(new URL("../test/wire/fuzz/main.ts", import.meta.url))

const withoutDnspython = (): string | undefined => {
  if (!existsSync(python)) return "there is no /usr/bin/python3"
  try {
    execFileSync(python, ["-c", "import dns.message"], { stdio: "ignore" })
    return undefined
  } catch {
    return "python3-dnspython is not installed"
  }
}

const dnspython = (action: "decode" | "encode" | "zone", input: Uint8Array | string): Bench.SubjectOptions => ({
  absent: withoutDnspython,
  run: async (context) => {
    const output = execFileSync(python, [script, action, String(context.seconds)], { input, encoding: "utf8" })
    const { checked, figures } = JSON.parse(output) as { checked: boolean; figures: Bench.Figures }
    context.check(checked, "dnspython reads back what it wrote")
    return figures
  }
})

const counts = (message: Message.Message): string =>
  [message.questions, message.answers, message.authorities, message.additionals].map((list) => list.length).join(" ")

const recordsOf = (message: Message.Message): number =>
  message.questions.length +
  message.answers.length +
  message.authorities.length +
  message.additionals.length +
  (message.edns === undefined ? 0 : 1)

const work = (name: string, message: Message.Message): ReadonlyArray<Bench.Work> => {
  const octets = Buffer.from(Message.encode(message))
  const theirs = () => dnsPacket.decode(octets)
  return [
    {
      name: `decode ${name}`,
      subjects: {
        handoff: async (context) => {
          const decoded = Message.decodeUnsafe(octets)
          context.check(counts(decoded) === counts(message), "the sections have their records")
          return { "messages/s": await context.rate(() => void Message.decodeUnsafe(octets)) }
        },
        "handoff, all read": async (context) => {
          context.check(readAll(Message.decodeUnsafe(octets)) === recordsOf(message), "every record has its fields")
          return { "messages/s": await context.rate(() => void readAll(Message.decodeUnsafe(octets))) }
        },
        "dns-packet": async (context) => {
          context.check(theirs().answers!.length === message.answers.length, "the answer section has its records")
          return { "messages/s": await context.rate(() => void dnsPacket.decode(octets)) }
        },
        dnspython: dnspython("decode", octets)
      }
    },
    {
      name: `encode ${name}`,
      subjects: {
        handoff: async (context) => {
          const written = Message.encode(message)
          context.check(Buffer.compare(written, octets) === 0, "the octets are those of the message")
          return { "messages/s": await context.rate(() => void Message.encode(message)), octets: written.length }
        },
        "dns-packet": async (context) => {
          const packet = theirs()
          const written = dnsPacket.encode(packet)
          // Asked of itself: it does not compress, and so writes 100 KB for a transfer that must fit in 64.
          context.check(dnsPacket.decode(written).answers!.length === message.answers.length, "the records are there")
          return { "messages/s": await context.rate(() => void dnsPacket.encode(packet)), octets: written.length }
        },
        dnspython: dnspython("encode", octets)
      }
    }
  ]
}

const names = Object.keys(messages)
const typical = "answer with CNAME and four A"

/** Milliseconds of the slowest hostile message, each at its best of nine. */
const slowest = (size: number): number => {
  let worst = 0
  for (const [, octets] of hostile(size)) {
    let best = Infinity
    for (let i = 0; i < 9; i++) {
      const start = performance.now()
      Message.decode(octets)
      best = Math.min(best, performance.now() - start)
    }
    worst = Math.max(worst, best)
  }
  return worst
}

export default Bench.define({
  name: "dns/wire",
  works: [
    ...Object.entries(messages).flatMap(([name, message]) => work(name, message)),
    {
      name: "messages made to be slow",
      subjects: {
        handoff: async (context) => {
          const refused = hostile(65_535).filter(([, octets]) => Message.decode(octets) instanceof DecodeError)
          context.check(refused.length > 0, "some of them are refused")
          return { "datagram of 4 KB, ms": slowest(4_096), "message of 64 KB, ms": slowest(65_535) }
        }
      }
    },
    {
      name: "zone file",
      rounds: 3,
      subjects: {
        handoff: {
          nodeArguments: ["--expose-gc"],
          run: async (context) => {
            const records = context.quick ? 50_000 : 1_000_000
            return readZone(zoneText(records), records, context.check)
          }
        },
        dnspython: dnspython("zone", zoneText(10_000))
      }
    },
    {
      name: "fuzzing, 10 million inputs in all rounds",
      subjects: {
        handoff: async (context) => {
          const seed = process.pid
          const inputs = context.quick ? 50_000 : 2_000_000
          const { stdout } = await promisify(execFile)(
            process.execPath,
            ["--no-warnings", "--conditions=@handoff/source", fuzzer, String(seed), String(inputs), "280"],
            { timeout: 295_000 }
          )
          const report = JSON.parse(stdout) as {
            inputs: number
            slowest: number
            failures: ReadonlyArray<{ octets: string; what: string }>
          }
          context.check(
            report.failures.length === 0,
            `nothing is left to find; seed ${seed}: ${JSON.stringify(report.failures)}`
          )
          context.check(report.inputs >= inputs, `${inputs} inputs within the time, not ${report.inputs}`)
          return { inputs: report.inputs, failures: report.failures.length, "slowest input, ms": report.slowest, seed }
        }
      }
    }
  ],
  goals: [
    { work: `decode ${typical}`, metric: "messages/s", subject: "handoff", against: "dns-packet", atLeast: 5 },
    { work: `encode ${typical}`, metric: "messages/s", subject: "handoff", against: "dns-packet", atLeast: 5 },
    ...names.flatMap((name) => [
      { work: `decode ${name}`, metric: "messages/s", subject: "handoff", against: "dns-packet", atLeast: 1 },
      { work: `decode ${name}`, metric: "messages/s", subject: "handoff, all read", against: "dns-packet", atLeast: 1 },
      { work: `encode ${name}`, metric: "messages/s", subject: "handoff", against: "dns-packet", atLeast: 1 },
      { work: `decode ${name}`, metric: "messages/s", subject: "handoff", against: "dnspython", atLeast: 1 },
      { work: `encode ${name}`, metric: "messages/s", subject: "handoff", against: "dnspython", atLeast: 1 }
    ]),
    // A record that is not looked at costs less than a third of one that is.
    {
      work: `decode ${typical}`,
      metric: "messages/s",
      subject: "handoff",
      against: { subject: "handoff, all read" },
      atLeast: 3
    },
    { work: "messages made to be slow", metric: "datagram of 4 KB, ms", subject: "handoff", against: 2, atMost: 1 },
    { work: "messages made to be slow", metric: "message of 64 KB, ms", subject: "handoff", against: 20, atMost: 1 },
    { work: "zone file", metric: "records/min", subject: "handoff", against: 1_000_000, atLeast: 1 },
    { work: "zone file", metric: "octets kept per record", subject: "handoff", against: 2_000, atMost: 1 },
    { work: "fuzzing, 10 million inputs in all rounds", metric: "failures", subject: "handoff", against: 0, atMost: 1 }
  ]
})
