import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import {
  DecodeError,
  Edns,
  Framing,
  Message,
  Name,
  Question,
  RecordText,
  RecordTypes,
  type ResourceRecord,
  Type
} from "@handoff/dns/wire"
import { assert, describe, it } from "@effect/vitest"
import { Reader } from "#internal"
import { corpus } from "./corpus.ts"
import { hostile } from "./hostile.ts"
import { mutate, Random } from "./random.ts"
import { vectors } from "./vectors.ts"

const octets = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"))

const errorOf = (wire: Uint8Array): DecodeError => {
  const error = Message.decode(wire)
  assert.instanceOf(error, DecodeError)
  return error
}

const decoded = (wire: Uint8Array): Message.Message => {
  const message = Message.decode(wire)
  if (message instanceof DecodeError) throw message
  return message
}

const query = "0001 0000 0001 0000 0000 0000"

describe("octets that are no message", () => {
  const cases: ReadonlyArray<readonly [what: string, hex: string, bound: string, offset: number]> = [
    ["nothing", "", "message", 0],
    ["half a header", "0001 0000 0001", "message", 6],
    ["a question that is not there", query, "label", 12],
    ["a question without its class", `${query} 00 0001`, "message", 13],
    ["a label past the end", `${query} 05 61`, "label", 14],
    ["a name without its root", `${query} 01 61`, "label", 14],
    ["half a pointer", `${query} c0`, "label", 12],
    ["a pointer to itself", `${query} c00c 0001 0001`, "pointer", 12],
    ["a pointer forward", `${query} c00e 00 0001 0001`, "pointer", 12],
    ["a pointer back into its own labels", `${query} 01 61 c00c 0001 0001`, "pointer", 14],
    ["a label type of RFC 6891 5", `${query} 41 00 0001 0001`, "label", 12],
    ["a label of 64 octets", `${query} 40 ${"61".repeat(64)} 00 0001 0001`, "label", 12],
    ["a name of 256 octets", `${query} ${"3f".concat("61".repeat(63)).repeat(4)} 00 0001 0001`, "name", 268],
    ["a record that is not there", `0001 8000 0000 0001 0000 0000`, "label", 12],
    ["a record without its length", `0001 8000 0000 0001 0000 0000 00 0001 0001 00000000`, "message", 13],
    ["rdata past the end", `0001 8000 0000 0001 0000 0000 00 0001 0001 00000000 0004 c00002`, "message", 21],
    ["an address of five octets", `0001 8000 0000 0001 0000 0000 00 0001 0001 00000000 0005 c000020101`, "rdata", 27],
    ["a name that leaves its rdata", `0001 8000 0000 0001 0000 0000 00 0002 0001 00000000 0002 0161 00`, "label", 25],
    ["octets after the message", `0001 8000 0000 0000 0000 0000 00`, "trailing", 12],
    [
      "a TSIG before another record",
      `0001 8000 0000 0000 0000 0002 00 00fa 00ff 00000000 0011 00 000000000000 0000 0000 0000 0000 0000 00 0001 0001 00000000 0004 c0000201`,
      "tsig",
      13
    ]
  ]
  for (const [what, hex, bound, offset] of cases) {
    it(`${what}: ${bound} at ${offset}`, () => {
      const error = errorOf(octets(hex))
      assert.deepEqual([error.bound, error.offset], [bound, offset], error.message)
    })
  }

  it("over 65,535 octets are no message either", () => {
    assert.strictEqual(errorOf(new Uint8Array(65_536)).bound, "message")
  })

  it("may have more octets after the message when the caller says so", () => {
    const wire = octets("0001 8000 0000 0000 0000 0000 00")
    assert.notInstanceOf(Message.decode(wire, { trailing: "ignore" }), DecodeError)
  })

  it("cut anywhere give an error within them", () => {
    for (const wire of corpus) {
      for (let length = 0; length < wire.length; length++)
        assert.isAtMost(errorOf(wire.subarray(0, length)).offset, length)
    }
  })
})

describe("rdata that is checked", () => {
  it("without making its value is accepted exactly when it can be read, and to the same end", () => {
    const random = new Random(12)
    const outcome = (run: (reader: Reader) => unknown, wire: Uint8Array): string => {
      const reader = new Reader(wire)
      try {
        run(reader)
        return `accepted up to ${reader.offset}`
      } catch (error) {
        assert.instanceOf(error, DecodeError)
        return "refused"
      }
    }
    for (const { type, octets: whole } of vectors) {
      const codec = RecordTypes.byName(type)!
      for (let i = 0; i < 150; i++) {
        const wire = mutate(whole, random)
        const checked = outcome((reader) => codec.check(reader), wire)
        const read = outcome((reader) => codec.read(reader), wire)
        assert.strictEqual(checked, read, `${type} ${Buffer.from(wire).toString("hex")}`)
      }
    }
  })
})

describe("messages made to be slow", () => {
  for (const [name, wire] of [...hostile(4_096), ...hostile(65_535)]) {
    it(`${name}, ${wire.length} octets: an answer, and reading it all ends`, () => {
      const message = Message.decode(wire)
      if (message instanceof DecodeError) {
        assert.isAtMost(message.offset, wire.length)
        return
      }
      let total = 0
      for (const record of message.answers) total += record.name.octets.length + Object.keys(record.data).length
      assert.isAtLeast(total, 0)
    })
  }

  it("of pointers to one long name stay within the steps of a message", () => {
    const names = hostile(65_535).filter(([name]) => name.includes("one name") || name.includes("ladder"))
    assert.isAtLeast(names.length, 3)
    for (const [, wire] of names) assert.strictEqual(errorOf(wire).bound, "pointers")
  })
})

describe("messages that are made and read again", () => {
  const seed = Number(process.env["WIRE_SEED"] ?? 99)
  const random = new Random(seed)
  const labels = ["a", "B", "example", "ORG", "org", "x.y", "\u0000", "ÿ", "*", "_tcp", "xn--a", "w".repeat(63)]
  const name = (): Name.Name =>
    Name.fromLabels(Array.from({ length: random.below(4) }, () => Buffer.from(random.pick(labels), "latin1")))
  const records = (): ReadonlyArray<ResourceRecord.ResourceRecord> =>
    Array.from({ length: random.below(6) }, () => {
      const { type, text } = random.pick(vectors.filter((vector) => vector.type !== "TSIG"))
      const record = RecordText.parse(`. ${random.next()} IN ${type} ${text}`)
      return Object.assign({}, record, { name: name() })
    })
  const bit = (): boolean => random.below(2) === 1
  const message = (): Message.Message =>
    Message.make({
      id: random.below(65_536),
      response: bit(),
      opcode: random.below(16),
      authoritative: bit(),
      truncated: bit(),
      recursionDesired: bit(),
      recursionAvailable: bit(),
      reserved: bit(),
      authenticData: bit(),
      checkingDisabled: bit(),
      rcode: random.below(4_096),
      questions: Array.from({ length: random.below(3) }, () =>
        Question.make(
          name(),
          Type.nameOf(random.below(300)) as Question.QuestionType,
          random.pick(["IN", "CH", "CLASS32769"])
        )
      ),
      answers: records(),
      authorities: records(),
      additionals: records(),
      edns: Edns.make({ version: random.below(256), dnssecOk: bit(), reservedFlags: random.below(0x8000) })
    })
  const plain = (value: Message.Message): unknown =>
    JSON.parse(JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? String(inner) : inner)))

  it(`decode(encode(x)) is x, seed ${seed}`, () => {
    for (let i = 0; i < 300; i++) {
      const made = message()
      assert.deepEqual(plain(decoded(Message.encode(made))), plain(made))
      assert.deepEqual(plain(decoded(Message.encode(made, { compress: false }))), plain(made))
    }
  })

  it("are never longer compressed, and as short as can be for names that repeat", () => {
    for (let i = 0; i < 100; i++) {
      const made = message()
      assert.isAtMost(Message.encode(made).length, Message.encode(made, { compress: false }).length)
    }
    const repeated = Message.make({
      questions: Array.from({ length: 3 }, () => Question.make("a.b.example.org", "A")).concat(
        Question.make("c.b.example.org", "A")
      )
    })
    assert.strictEqual(Message.encode(repeated).length, 12 + 17 + 4 + (2 + 4) * 2 + (2 + 2 + 4))
  })

  it("compress the rdata of RFC 1035 types and of no other (RFC 3597 4)", () => {
    const length = (text: string): number =>
      Message.encode(Message.make({ answers: [RecordText.parse(`a.example. 1 IN ${text}`)] })).length
    const base = 12 + 11 + 10
    for (const text of ["NS a.example.", "CNAME a.example.", "PTR a.example.", "MB a.example.", "MD a.example."]) {
      assert.strictEqual(length(text), base + 2, text)
    }
    for (const text of [
      "DNAME a.example.",
      "NSEC a.example.",
      "LP 1 a.example.",
      "SRV 1 1 1 a.example.",
      "RP a.example. ."
    ]) {
      assert.isAtLeast(length(text), base + 11, text)
    }
  })

  it("beyond the reach of pointers are still right", () => {
    const many = Message.make({
      answers: Array.from({ length: 1_500 }, (_, i) =>
        RecordText.parse(`host${i}.zone${i % 50}.example.org. 1 IN MX 1 mail${i}.example.org.`)
      )
    })
    assert.deepEqual(plain(decoded(Message.encode(many))), plain(many))
  })

  it("that come cut into a stream in any way are the same", () => {
    const messages = Array.from({ length: 30 }, () => Message.encode(message()))
    const stream = Framing.frameAll(messages)
    for (let round = 0; round < 50; round++) {
      const deframer = new Framing.Deframer()
      const got: Array<Uint8Array> = []
      for (let at = 0; at < stream.length;) {
        const size = 1 + random.below(random.pick([3, 50, 2_000]))
        got.push(...deframer.push(stream.subarray(at, at + size)))
        at += size
      }
      assert.deepEqual(got, messages)
      assert.strictEqual(deframer.pending, 0)
    }
  })

  it("are refused when changed, or mean the same after encode", () => {
    for (let i = 0; i < 3_000; i++) {
      const wire = mutate(random.pick(corpus), random)
      const first = Message.decode(wire)
      if (first instanceof DecodeError) continue
      assert.deepEqual(plain(decoded(Message.encode(first))), plain(first))
    }
  })
})

describe("the fuzzer", () => {
  it("finds nothing in some seconds", async () => {
    const main = fileURLToPath(new URL("fuzz/main.ts", import.meta.url))
    const seed = String(Date.now() % 1_000_000)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--no-warnings", "--conditions=@handoff/source", main, seed, "1000000", "3"],
      { timeout: 60_000 }
    )
    const report = JSON.parse(stdout) as {
      inputs: number
      corpus: number
      blocks: number
      failures: ReadonlyArray<unknown>
    }
    assert.deepEqual(report.failures, [], `seed ${seed}`)
    assert.isAtLeast(report.inputs, 1_000)
    assert.isAtLeast(report.blocks, 200)
  }, 90_000)
})
