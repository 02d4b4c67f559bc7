import { Framing } from "@handoff/reactor"
import { assert, describe, it } from "@effect/vitest"
import { octets, text } from "./support/peers.ts"

/** Every framing, what is on the wire, and the frames in it. */
const cases: ReadonlyArray<{
  readonly framing: Framing.Framing
  readonly wire: string
  readonly frames: ReadonlyArray<string>
}> = [
  { framing: Framing.delimiter("\r\n"), wire: "one\r\n\r\ntwo\rstill\r\n", frames: ["one", "", "two\rstill"] },
  { framing: Framing.delimiter("aab"), wire: "aaaab1aab2aaaaab", frames: ["aa", "1", "2aaa"] },
  { framing: Framing.delimiter("\0"), wire: "x\0y\0", frames: ["x", "y"] },
  { framing: Framing.fixed(3), wire: "abcdef", frames: ["abc", "def"] },
  { framing: Framing.lengthPrefix({ bits: 8 }), wire: "\x03abc\x00\x01z", frames: ["abc", "", "z"] },
  { framing: Framing.lengthPrefix({ bits: 16 }), wire: "\x00\x03abc\x00\x00", frames: ["abc", ""] },
  { framing: Framing.lengthPrefix({ bits: 16, end: "little" }), wire: "\x03\x00abc", frames: ["abc"] },
  { framing: Framing.lengthPrefix(), wire: "\0\0\0\x02hi\0\0\0\x01!", frames: ["hi", "!"] },
  { framing: Framing.lengthPrefix({ end: "little" }), wire: "\x02\0\0\0hi", frames: ["hi"] },
  { framing: Framing.lengthPrefix({ bits: 64 }), wire: "\0\0\0\0\0\0\0\x02hi", frames: ["hi"] },
  { framing: Framing.lengthPrefix({ bits: 64, end: "little" }), wire: "\x02\0\0\0\0\0\0\0hi", frames: ["hi"] },
  { framing: Framing.netstring(), wire: "12:hello world!,0:,1:,,", frames: ["hello world!", "", ","] },
  { framing: Framing.lines(), wire: "a\r\nb\n\nc\rd\r\nlast", frames: ["a", "b", "", "c\rd", "last"] },
  { framing: Framing.untilClose(), wire: "all of it\n", frames: ["all of it\n"] }
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
  for (const { frames, framing, wire } of cases) {
    it(`${framing.name} gives the same frames wherever ${JSON.stringify(wire)} is cut`, () => {
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
  it("reads what it wrote, for 2,000 random messages cut at random", () => {
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

  it("answers any octets in bounded time, with frames or a typed error", () => {
    for (let seed = 1; seed <= 3_000; seed++) {
      const next = random(seed)
      const framing = cases[seed % cases.length]!.framing
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

  it("says when the end cuts a frame, and when octets are not of its kind", () => {
    assert.strictEqual(decode(Framing.lengthPrefix(), [octets("\0\0\0\x05ab")]).error?._tag, "CutFrame")
    assert.strictEqual(decode(Framing.fixed(3), [octets("ab")]).error?._tag, "CutFrame")
    for (const wire of ["x:", ":,", "01:a,", "1:ab", "-1:,"]) {
      assert.strictEqual(decode(Framing.netstring(), [octets(wire)]).error?._tag, "MalformedFrame", wire)
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

  it("does not search the same octets twice when a long frame comes in small chunks", () => {
    const inlet = new Framing.Inlet()
    const framing = Framing.delimiter("\r\n", { maxOctets: 20_000_000 })
    const chunk = new Uint8Array(100).fill(0x61)
    for (let i = 0; i < 20_000; i++) {
      inlet.push(chunk)
      assert.strictEqual(framing.next(inlet), "more")
      inlet.keep()
      // All but a possible beginning of the delimiter has been looked at for good.
      assert.strictEqual(inlet.scanned, inlet.length - 1)
    }
  })
})
