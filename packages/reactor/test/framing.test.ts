import { Framing } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import { octets, text } from "./support/peers.ts"

/** Every framing, what is on the wire, and the frames in it. */
const cases: ReadonlyArray<{
  readonly make: () => Framing.Framing
  readonly wire: string
  readonly frames: ReadonlyArray<string>
}> = [
  { make: () => Framing.delimiter("\r\n"), wire: "one\r\n\r\ntwo\rstill\r\n", frames: ["one", "", "two\rstill"] },
  { make: () => Framing.delimiter("aab"), wire: "aaaab1aab2aaaaab", frames: ["aa", "1", "2aaa"] },
  { make: () => Framing.delimiter("\0"), wire: "x\0y\0", frames: ["x", "y"] },
  { make: () => Framing.fixed(3), wire: "abcdef", frames: ["abc", "def"] },
  { make: () => Framing.lengthPrefix({ bits: 8 }), wire: "\x03abc\x00\x01z", frames: ["abc", "", "z"] },
  { make: () => Framing.lengthPrefix({ bits: 16 }), wire: "\x00\x03abc\x00\x00", frames: ["abc", ""] },
  { make: () => Framing.lengthPrefix({ bits: 16, end: "little" }), wire: "\x03\x00abc", frames: ["abc"] },
  { make: () => Framing.lengthPrefix(), wire: "\0\0\0\x02hi\0\0\0\x01!", frames: ["hi", "!"] },
  { make: () => Framing.lengthPrefix({ end: "little" }), wire: "\x02\0\0\0hi", frames: ["hi"] },
  { make: () => Framing.lengthPrefix({ bits: 64 }), wire: "\0\0\0\0\0\0\0\x02hi", frames: ["hi"] },
  { make: () => Framing.lengthPrefix({ bits: 64, end: "little" }), wire: "\x02\0\0\0\0\0\0\0hi", frames: ["hi"] },
  { make: () => Framing.netstring(), wire: "12:hello world!,0:,1:,,", frames: ["hello world!", "", ","] },
  { make: () => Framing.lines(), wire: "a\r\nb\n\nc\rd\r\nlast", frames: ["a", "b", "", "c\rd", "last"] },
  { make: () => Framing.untilClose(), wire: "all of it\n", frames: ["all of it\n"] }
]

const decode = (framing: Framing.Framing, chunks: ReadonlyArray<Uint8Array>) => {
  const inlet = new Framing.Inlet()
  const frames: Array<string> = []
  for (const chunk of chunks) {
    // A buffer that is used again for every read, as sockets do.
    const shared = Uint8Array.from(chunk)
    const error = Framing.each(inlet, framing, shared, (frame) => frames.push(text(frame)))
    shared.fill(0xee)
    if (error !== undefined) return { frames, error }
  }
  const last = framing.last(inlet)
  if (last === "frame") frames.push(text(inlet.view()))
  return { frames, error: typeof last === "string" ? undefined : last }
}

/** A small generator with a printed seed (mulberry32). */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

const cut = (wire: Uint8Array, next: () => number): Array<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  for (let at = 0; at < wire.length;) {
    const size = 1 + Math.floor(next() * Math.min(7, wire.length))
    chunks.push(wire.subarray(at, at + size))
    at += size
  }
  return chunks
}

describe("a framing", () => {
  for (const { frames, make, wire } of cases) {
    it(`${make().name} gives the same frames wherever ${JSON.stringify(wire)} is cut`, () => {
      const framing = make()
      const bytes = octets(wire)
      assert.deepStrictEqual(decode(framing, [bytes]), { frames: [...frames], error: undefined })
      assert.deepStrictEqual(
        decode(
          framing,
          [...bytes].map((octet) => Uint8Array.of(octet))
        ),
        { frames: [...frames], error: undefined }
      )
      for (let at = 1; at < bytes.length; at++) {
        const split = decode(framing, [bytes.subarray(0, at), bytes.subarray(at)])
        assert.deepStrictEqual(split, { frames: [...frames], error: undefined }, `cut at ${at}`)
      }
    })
  }

  it("reads what it wrote, for 2,000 random messages cut at random", () => {
    const own = [
      Framing.delimiter("\r\n"),
      Framing.delimiter("END"),
      Framing.fixed(5),
      Framing.lengthPrefix({ bits: 8 }),
      Framing.lengthPrefix({ bits: 16, end: "little" }),
      Framing.lengthPrefix(),
      Framing.lengthPrefix({ bits: 64 }),
      Framing.netstring(),
      Framing.lines()
    ]
    for (let seed = 1; seed <= 2_000; seed++) {
      const next = random(seed)
      const framing = own[seed % own.length]!
      const fixed = framing.name.startsWith("fixed")
      const payloads = Array.from({ length: 1 + Math.floor(next() * 6) }, () =>
        Uint8Array.from({ length: fixed ? 5 : Math.floor(next() * 40) }, () => 0x61 + Math.floor(next() * 26))
      )
      const wire = Buffer.concat(payloads.map((payload) => framing.encode(payload)))
      const result = decode(framing, cut(wire, next))
      assert.deepStrictEqual(result, { frames: payloads.map(text), error: undefined }, `seed ${seed}`)
    }
  })

  it("reads what it wrote in long chunks of any octets, where it searches them as text", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed)
      const framing = [Framing.lines(), Framing.delimiter("\xff"), Framing.delimiter("\0\xfe\xff")][seed % 3]!
      const taken = new Set([0x0a, 0xff])
      const payloads = Array.from({ length: 100 }, () =>
        Uint8Array.from({ length: Math.floor(next() * 300) }, () => {
          const octet = Math.floor(next() * 256)
          return taken.has(octet) ? 0x80 : octet
        })
      )
      const wire = Buffer.concat(payloads.map((payload) => framing.encode(payload)))
      const chunks: Array<Uint8Array> = []
      for (let at = 0; at < wire.length;) {
        const to = at + 1 + Math.floor(next() * 8_000)
        chunks.push(wire.subarray(at, to))
        at = to
      }
      const expected = payloads.map((payload) => text(payload))
      assert.deepStrictEqual(decode(framing, chunks), { frames: expected, error: undefined }, `seed ${seed}`)
    }
  })

  it("answers any octets in bounded time, with frames or a typed error", () => {
    for (let seed = 1; seed <= 3_000; seed++) {
      const next = random(seed)
      const framing = cases[seed % cases.length]!.make()
      const wire = Uint8Array.from({ length: Math.floor(next() * 200) }, () => Math.floor(next() * 256))
      const { error, frames } = decode(framing, cut(wire, next))
      assert.isAtMost(frames.length, wire.length + 1, `seed ${seed}`)
      if (error !== undefined) assert.include(["FrameTooLong", "MalformedFrame", "CutFrame"], error._tag)
    }
  })

  it("refuses what is too long as soon as it is known", () => {
    const failures: ReadonlyArray<readonly [Framing.Framing, string]> = [
      [Framing.delimiter("\n", { maxOctets: 4 }), "12345"],
      [Framing.lines({ maxOctets: 4 }), "123456"],
      [Framing.lengthPrefix({ bits: 32, maxOctets: 4 }), "\0\0\0\x05"],
      [Framing.lengthPrefix({ bits: 64, maxOctets: 4 }), "\xff\xff\xff\xff\xff\xff\xff\xff"],
      [Framing.netstring({ maxOctets: 4 }), "5:"],
      [Framing.netstring({ maxOctets: 4 }), "10000000"],
      [Framing.untilClose({ maxOctets: 4 }), "12345"]
    ]
    for (const [framing, wire] of failures) {
      const { error } = decode(framing, [octets(wire)])
      assert.strictEqual(error?._tag, "FrameTooLong", framing.name)
    }
    // At the limit it is still a frame.
    assert.deepStrictEqual(decode(Framing.delimiter("\n", { maxOctets: 4 }), [octets("1234\n")]).frames, ["1234"])
    assert.deepStrictEqual(decode(Framing.lines({ maxOctets: 4 }), [octets("1234\r"), octets("\n")]).frames, ["1234"])
  })

  it("takes and writes a frame of the most octets allowed, and none with one more", () => {
    /** Each framing with a limit of four octets, and what is on the wire of a frame. */
    const limited: ReadonlyArray<readonly [Framing.Framing, (payload: string) => string]> = [
      [Framing.delimiter("\r\n", { maxOctets: 4 }), (payload) => `${payload}\r\n`],
      [Framing.delimiter(";", { maxOctets: 4 }), (payload) => `${payload};`],
      [Framing.lines({ maxOctets: 4 }), (payload) => `${payload}\r\n`],
      [Framing.lines({ maxOctets: 4, end: "\n" }), (payload) => `${payload}\n`],
      [
        Framing.lengthPrefix({ bits: 8, maxOctets: 4 }),
        (payload) => `${String.fromCharCode(payload.length)}${payload}`
      ],
      [Framing.lengthPrefix({ maxOctets: 4 }), (payload) => `\0\0\0${String.fromCharCode(payload.length)}${payload}`],
      [Framing.netstring({ maxOctets: 4 }), (payload) => `${payload.length}:${payload},`]
    ]
    for (const [framing, wire] of limited) {
      assert.deepStrictEqual(
        decode(framing, [octets(wire("1234"))]),
        { frames: ["1234"], error: undefined },
        framing.name
      )
      assert.strictEqual(text(framing.encode(octets("1234"))), wire("1234"), framing.name)

      const { error, frames } = decode(framing, [octets(wire("12345"))])
      assert.deepStrictEqual(frames, [], framing.name)
      assert.deepInclude(error, { _tag: "FrameTooLong", framing: framing.name, limit: 4, octets: 5 })
      // Wherever in the chunk it lies.
      const second = decode(framing, [octets(wire("1234") + wire("1234") + wire("12345"))])
      assert.deepStrictEqual(second.frames, ["1234", "1234"], framing.name)
      assert.deepInclude(second.error, { _tag: "FrameTooLong", octets: 5 }, framing.name)
      assert.throws(() => framing.encode(octets("12345")), Framing.FrameTooLong)
    }
  })

  it("waits for the end of a frame that may still be within its limit, and no longer", () => {
    const cases: ReadonlyArray<readonly [Framing.Framing, string, string]> = [
      // The fifth octet may be the CR of the line's end, and the fifth and sixth a delimiter.
      [Framing.lines({ maxOctets: 4 }), "12345", "123456"],
      [Framing.delimiter("\n", { maxOctets: 4 }), "1234", "12345"],
      [Framing.delimiter("\r\n", { maxOctets: 4 }), "12345", "123456"],
      [Framing.untilClose({ maxOctets: 4 }), "1234", "12345"],
      // Of a length, one digit more than the limit has is too many; what it would be is said.
      [Framing.netstring({ maxOctets: 4 }), "1", "10"],
      [Framing.netstring({ maxOctets: 99 }), "98", "987"]
    ]
    for (const [framing, within, beyond] of cases) {
      // At the head of a chunk, and behind something that was taken.
      for (const before of ["", "taken"]) {
        const inlet = new Framing.Inlet()
        inlet.push(octets(before + within))
        if (before !== "") assert.strictEqual(Framing.fixed(before.length).next(inlet), "frame")
        assert.strictEqual(framing.next(inlet), "more", framing.name)
        inlet.push(octets(beyond.slice(within.length)))
        const whole = new Framing.Inlet()
        whole.push(octets(before + beyond))
        whole.take(0, before.length, before.length)
        for (const step of [framing.next(inlet), framing.next(whole)] as Array<Framing.FrameTooLong>) {
          assert.strictEqual(step._tag, "FrameTooLong", framing.name)
          assert.strictEqual(step.octets, framing.name === "netstring" ? Number(beyond) : beyond.length, framing.name)
        }
      }
    }
    // Also when the peer closes before it is looked at.
    const inlet = new Framing.Inlet()
    inlet.push(octets("1234"))
    assert.strictEqual(Framing.untilClose({ maxOctets: 4 }).last(inlet), "frame")
    inlet.push(octets("12345"))
    assert.notStrictEqual(Framing.untilClose({ maxOctets: 4 }).last(inlet), "frame")
  })

  it("reads every octet of a length, either end first", () => {
    for (const [bits, length] of [
      [8, 0xfe],
      [16, 0x102],
      [32, 0x10203],
      [64, 0x10203]
    ] as const) {
      for (const end of ["big", "little"] as const) {
        const framing = Framing.lengthPrefix({ bits, end })
        const wire = framing.encode(new Uint8Array(length).fill(0x61))
        const header = Buffer.alloc(8)
        if (end === "big") header.writeBigUInt64BE(BigInt(length))
        else header.writeBigUInt64LE(BigInt(length))
        const expected = end === "big" ? header.subarray(8 - bits / 8) : header.subarray(0, bits / 8)
        assert.deepStrictEqual([...wire.subarray(0, bits / 8)], [...expected], `${bits} ${end}`)
        assert.deepStrictEqual(
          decode(framing, [wire]).frames.map((frame) => frame.length),
          [length],
          `${bits} ${end}`
        )
      }
    }
    // Announced, and refused with the length that was announced.
    for (const [bits, wire, octetsAnnounced] of [
      [32, "\x01\x02\x03\x04", 0x01020304],
      [64, "\x00\x01\x02\x03\x04\x05\x06\x07", 0x01020304050607],
      [32, "\xff\xff\xff\xff", 0xffffffff]
    ] as const) {
      const forwards = decode(Framing.lengthPrefix({ bits, maxOctets: 4 }), [octets(wire)])
      assert.deepInclude(forwards.error, { octets: octetsAnnounced, limit: 4 })
      const backwards = decode(Framing.lengthPrefix({ bits, end: "little", maxOctets: 4 }), [octets(wire).toReversed()])
      assert.deepInclude(backwards.error, { octets: octetsAnnounced })
    }
    // What the header cannot say cannot be sent, whatever the limit.
    assert.throws(() => Framing.lengthPrefix({ bits: 8 }).encode(new Uint8Array(256)), Framing.FrameTooLong)
    assert.strictEqual(Framing.lengthPrefix({ bits: 8 }).encode(new Uint8Array(255)).length, 256)
  })

  it("writes no payload that would be read back as another", () => {
    assert.throws(() => Framing.lines().encode(octets("a\nb")), Framing.MalformedFrame)
    assert.throws(() => Framing.delimiter("END").encode(octets("the END.")), Framing.MalformedFrame)
    assert.throws(() => Framing.delimiter(";").encode(octets("a;b")), Framing.MalformedFrame)
    assert.throws(() => Framing.fixed(3).encode(octets("ab")), Framing.MalformedFrame)
    assert.strictEqual(text(Framing.fixed(3).encode(octets("abc"))), "abc")
    assert.strictEqual(text(Framing.untilClose().encode(octets("as it is"))), "as it is")
    assert.strictEqual(text(Framing.lines({ end: "\n" }).encode(octets("a"))), "a\n")
  })

  it("cannot be made without an octet to look for, or with a limit out of range", () => {
    assert.throws(() => Framing.delimiter(""), RangeError)
    for (const length of [0, -1, 1.5, Number.NaN]) assert.throws(() => Framing.fixed(length), RangeError)
    assert.strictEqual(Framing.fixed(1).name, "fixed 1")
    assert.throws(() => Framing.lines({ maxOctets: 0 }), RangeError)
    assert.strictEqual(Framing.delimiter(Uint8Array.of(0x0d, 0x0a)).name, Framing.delimiter("\r\n").name)
  })

  it("says of a cut frame how much of it had come", () => {
    const { error } = decode(Framing.lengthPrefix({ bits: 8 }), [octets("\x01a\x05bc")])
    assert.deepInclude(error, { _tag: "CutFrame", octets: 3 })
    assert.include(String(error?.message), "3 octets into a frame")
  })

  it("says when the end cuts a frame, and when octets are not of its kind", () => {
    assert.strictEqual(decode(Framing.lengthPrefix(), [octets("\0\0\0\x05ab")]).error?._tag, "CutFrame")
    assert.strictEqual(decode(Framing.fixed(3), [octets("ab")]).error?._tag, "CutFrame")
    for (const wire of ["x:", ":,", "01:a,", "1:ab", "-1:,"]) {
      assert.strictEqual(decode(Framing.netstring(), [octets(wire)]).error?._tag, "MalformedFrame", wire)
    }
  })

  it("names the octet that is no digit of a length, on either side of the digits", () => {
    for (const wire of ["/", "1/2:", "-1:,", "3:a,b,-1:", ":"]) {
      // Never a frame that ends before it begins, whatever lay before.
      const { error, frames } = decode(Framing.netstring(), [octets(wire)])
      assert.strictEqual(error?._tag, "MalformedFrame", wire)
      assert.isAtMost(frames.length, 1, wire)
    }
    assert.include(decode(Framing.netstring(), [octets("/3:abc,")]).error?.message, "octet 47 in a length")
    assert.include(decode(Framing.netstring(), [octets("-1:,")]).error?.message, "octet 45 in a length")
    assert.include(decode(Framing.netstring(), [octets(";1:,")]).error?.message, "octet 59 in a length")
  })

  it("says in words which framing refused, how much and what was allowed", () => {
    const long = decode(Framing.lines({ maxOctets: 4 }), [octets("1234567")]).error
    assert.strictEqual(long?.message, "lines: 7 octets in a frame of at most 4")
    assert.strictEqual(decode(Framing.netstring(), [octets("1:ab")]).error?.message, "netstring: no comma at the end")
  })

  it("takes no stack for what a peer may cause at will, and leaves the stacks of others as they were", () => {
    const limit = Error.stackTraceLimit
    try {
      Error.stackTraceLimit = 7
      const { error } = decode(Framing.netstring(), [octets("x")])
      assert.notInclude(error?.stack, "framing.test.ts")
      assert.strictEqual(Error.stackTraceLimit, 7)
    } finally {
      Error.stackTraceLimit = limit
    }
  })

  it("can be another one for the next frame, as asynchat's terminator", () => {
    const inlet = new Framing.Inlet()
    const line = Framing.lines()
    inlet.push(octets("5 octets follow\r\nab\ncdthen 1:x,"))
    assert.strictEqual(line.next(inlet), "frame")
    assert.strictEqual(text(inlet.view()), "5 octets follow")
    assert.strictEqual(Framing.fixed(5).next(inlet), "frame")
    assert.strictEqual(text(inlet.view()), "ab\ncd")
    // What one framing looked for in vain the other has not looked for.
    assert.strictEqual(line.next(inlet), "more")
    assert.strictEqual(Framing.delimiter(" ").next(inlet), "frame")
    assert.strictEqual(text(inlet.view()), "then")
    assert.strictEqual(Framing.netstring().next(inlet), "frame")
    assert.strictEqual(text(inlet.view()), "x")
  })

  it("looks for its own end from the head, however far another one has looked for its", () => {
    const line = Framing.lines()
    const semicolon = Framing.delimiter(";")
    const end = Framing.delimiter("END")
    for (const [first, then, frame] of [
      [semicolon, line, "a line"],
      [end, line, "a line"],
      [line, semicolon, "a part"],
      [semicolon, end, "a "]
    ] as const) {
      const inlet = new Framing.Inlet()
      inlet.push(octets(then === line ? "a line\nof two" : then === end ? "a END of" : "a part;of two"))
      assert.strictEqual(first.next(inlet), "more", first.name)
      assert.strictEqual(then.next(inlet), "frame", then.name)
      assert.strictEqual(text(inlet.view()), frame)
    }
  })

  it("takes for a part of a line's end no octet of the frame before", () => {
    const inlet = new Framing.Inlet()
    inlet.push(octets("status\r\nrest"))
    assert.strictEqual(Framing.delimiter("\r").next(inlet), "frame")
    assert.strictEqual(Framing.lines().next(inlet), "frame")
    assert.strictEqual(inlet.view().length, 0)
    assert.deepStrictEqual([inlet.frameStart, inlet.frameEnd], [7, 7])
  })

  /** Counts the octets that are searched. */
  class Counting extends Framing.Inlet {
    searched = 0
    override find(...[mark, from]: Parameters<Framing.Inlet["find"]>): number {
      this.searched += this.end - from
      return super.find(mark, from)
    }
  }

  it("does not search the same octets twice when a long frame comes in small chunks", () => {
    const chunk = new Uint8Array(100).fill(0x61)
    const count = 20_000
    for (const [framing, again] of [
      [Framing.delimiter("\r\n", { maxOctets: 20_000_000 }), 1],
      [Framing.lines({ maxOctets: 20_000_000 }), 0]
    ] as const) {
      const inlet = new Counting()
      for (let i = 0; i < count; i++) {
        inlet.push(chunk)
        assert.strictEqual(framing.next(inlet), "more")
        inlet.keep()
        // All but a possible beginning of the delimiter has been looked at for good.
        assert.strictEqual(inlet.scanned, inlet.length - again)
      }
      assert.isAtMost(inlet.searched, count * (chunk.length + again), framing.name)
    }
  })
})

describe("an inlet", () => {
  it("reads a chunk where it lies, and copies only what is left of it", () => {
    const inlet = new Framing.Inlet()
    const chunk = octets("one\ntwo\nthr")
    inlet.push(chunk)
    const line = Framing.lines()
    assert.strictEqual(line.next(inlet), "frame")
    assert.strictEqual(inlet.view().buffer, chunk.buffer, "a view of the chunk")
    assert.strictEqual(line.next(inlet), "frame")
    const copied = inlet.copy()
    inlet.keep()
    chunk.fill(0x2e)
    assert.strictEqual(text(copied), "two")
    inlet.push(octets("ee\n"))
    assert.strictEqual(line.next(inlet), "frame")
    assert.strictEqual(text(inlet.view()), "three")
    assert.strictEqual(inlet.length, 0)
  })

  it("holds on to no chunk of which all was taken", () => {
    const inlet = new Framing.Inlet()
    inlet.push(octets("one\n"))
    assert.strictEqual(Framing.lines().next(inlet), "frame")
    inlet.keep()
    assert.strictEqual(inlet.buffer.length, 0)
  })

  it("holds on to no memory in which a long frame was put together, once it was taken", () => {
    const inlet = new Framing.Inlet()
    const line = Framing.lines()
    for (const chunk of ["a line ", "in three ", "chunks\n"]) {
      inlet.push(octets(chunk))
      const step = line.next(inlet)
      assert.strictEqual(step, chunk.endsWith("\n") ? "frame" : "more")
      if (step === "frame") assert.strictEqual(text(inlet.view()), "a line in three chunks")
      inlet.keep()
    }
    assert.strictEqual(inlet.buffer.length, 0)
    assert.strictEqual(line.next(inlet), "more")
  })

  /** A chunk of which every use for searching is written down. */
  const watched = (wire: string) => {
    const uses: Array<string> = []
    const chunk = Buffer.from(wire, "latin1")
    for (const [name, use] of [
      ["indexOf", "octets"],
      ["toString", "text"]
    ] as const) {
      const method = chunk[name]
      const watching = (...parameters: ReadonlyArray<unknown>): unknown => {
        uses.push(use)
        return Reflect.apply(method, chunk, parameters)
      }
      Object.assign(chunk, { [name]: watching })
    }
    return { chunk, uses }
  }

  it("makes one text of a chunk with many frames, and none of one that is short or holds one", () => {
    const inlet = new Framing.Inlet()
    const line = Framing.lines()
    const taken = (wire: string) => {
      const { chunk, uses } = watched(wire)
      Framing.each(inlet, line, chunk, () => {})
      return uses
    }
    assert.deepStrictEqual(taken("line\n".repeat(200)), ["octets", "text"])
    // From the second frame on, 512 octets are worth a text, and 511 are not.
    assert.deepStrictEqual(taken(`\n${"x".repeat(510)}\n\n`), ["octets", "text"])
    assert.deepStrictEqual(taken(`\n${"x".repeat(509)}\n\n`), ["octets", "octets", "octets", "octets"])
    // The first search of a chunk is for one frame, as most hold.
    assert.deepStrictEqual(taken(`${"x".repeat(600)}\n`), ["octets", "octets"])
    assert.deepStrictEqual(taken(`${"x".repeat(600)}\n`), ["octets", "octets"])
  })

  it("finds a mark in what is left, wherever it is asked to begin, whatever was pushed, taken and kept", () => {
    const marks = ["\n", ";", "\xff\xfe"].map((mark) => ({
      octets: Buffer.from(mark, "latin1"),
      text: mark
    }))
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed)
      const inlet = new Framing.Inlet()
      let model = ""
      for (let step = 0; step < 60; step++) {
        const dice = next()
        if (dice < 0.25) {
          let chunk = ""
          for (let i = Math.floor(next() * 1_500); i > 0; i--) chunk += "\n;\xff\xfea"[Math.floor(next() * 300)] ?? "b"
          inlet.push(octets(chunk))
          model += chunk
        } else if (dice < 0.35) inlet.keep()
        else if (dice < 0.45) {
          const to = inlet.start + (next() < 0.3 ? inlet.length : Math.floor(next() * (inlet.length + 1)))
          model = model.slice(to - inlet.start)
          inlet.take(inlet.start, to, to)
        } else {
          const mark = marks[Math.floor(next() * marks.length)]!
          const from = next() < 0.5 ? 0 : Math.floor(next() * model.length)
          const at = inlet.find(mark, inlet.start + from)
          assert.strictEqual(at < 0 ? at : at - inlet.start, model.indexOf(mark.text, from), `seed ${seed}, ${step}`)
        }
      }
      assert.strictEqual(text(inlet.filled.subarray(inlet.start)), model, `seed ${seed}`)
    }
  })

  it("moves what is left to the front before it grows, and grows by doubling", () => {
    const inlet = new Framing.Inlet()
    const fixed = Framing.fixed(10)
    inlet.push(octets("0123456789ab"))
    assert.strictEqual(fixed.next(inlet), "frame")
    inlet.keep()
    const { buffer } = inlet
    assert.strictEqual(buffer.length, 4, "twice what is left")
    inlet.push(octets("cd"))
    assert.strictEqual(inlet.buffer, buffer, "what fits is written behind the rest")
    inlet.push(octets("efghij"))
    assert.strictEqual(inlet.buffer.length, 20)
    assert.strictEqual(fixed.next(inlet), "frame")
    assert.strictEqual(text(inlet.view()), "abcdefghij")
    inlet.push(octets("k"))
    inlet.keep()
    assert.strictEqual(text(inlet.filled.subarray(inlet.start)), "k")
  })

  it("moves nothing while there is room behind it, to the last octet", () => {
    const inlet = new Framing.Inlet()
    inlet.push(octets("abcdef"))
    inlet.take(0, 1, 1)
    inlet.keep()
    const { buffer } = inlet
    assert.strictEqual(buffer.length, 10, "twice what is left")
    inlet.take(0, 2, 2)
    inlet.push(octets("gh"))
    assert.deepStrictEqual([inlet.start, inlet.end], [2, 7])
    inlet.push(octets("ijk"))
    assert.deepStrictEqual([inlet.start, inlet.end], [2, 10])
    inlet.push(octets("l"))
    assert.deepStrictEqual([inlet.buffer === buffer, inlet.start, inlet.end], [true, 0, 9])
    assert.strictEqual(text(inlet.filled), "defghijkl")
  })
})
