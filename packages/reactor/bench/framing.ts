/**
 * Framing on one core: octets in chunks of 64 KiB as a socket gives them, frames out, each as a range that somebody could
 * read. Beside ours: what one usually writes in Node (decode and
 * split, concatenate and slice), and Twisted's receivers. `reactor` counts ranges, `views` makes a view per frame.
 */
import { Bench } from "@handoff/bench"
import { Framing } from "@handoff/reactor"
import * as programs from "./support/programs.ts"

const chunkOctets = 65_536

/** A wire of about 16 MiB, cut into chunks. */
const wireOf = (
  framing: Framing.Framing,
  payload: number
): { readonly chunks: Array<Uint8Array>; readonly frames: number } => {
  const one = framing.encode(new Uint8Array(payload).fill(0x61))
  const frames = Math.floor((16 * 1_048_576) / one.length)
  const wire = Buffer.allocUnsafeSlow(frames * one.length)
  for (let at = 0; at < wire.length; at += one.length) wire.set(one, at)
  const chunks: Array<Uint8Array> = []
  for (let at = 0; at < wire.length; at += chunkOctets) chunks.push(wire.subarray(at, at + chunkOctets))
  return { chunks, frames }
}

/** The hot loop as a protocol would write it: ranges, no view per frame. */
const ranges =
  (framing: Framing.Framing, payload: number): Bench.Run =>
  async (ctx) => {
    const { chunks, frames } = wireOf(framing, payload)
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const pass = (): number => {
      const inlet = new Framing.Inlet()
      let count = 0
      let octets = 0
      for (const chunk of chunks) {
        inlet.push(chunk)
        while (framing.next(inlet) === "frame") {
          count++
          octets += inlet.frameEnd - inlet.frameStart
        }
        inlet.keep()
      }
      return octets === count * payload ? count : -1
    }
    ctx.check(pass() === frames, `${frames} frames of ${payload} octets`)
    const passes = await ctx.rate(() => void pass())
    return { "MB/s": (passes * total) / 1e6, "frames/s": passes * frames }
  }

/** With a view of each frame, as `Framing.each` gives it. */
const views =
  (framing: Framing.Framing, payload: number): Bench.Run =>
  async (ctx) => {
    const { chunks, frames } = wireOf(framing, payload)
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    let count = 0
    const onFrame = (frame: Uint8Array): void => {
      if (frame.length === payload) count++
    }
    const pass = (): number => {
      const inlet = new Framing.Inlet()
      count = 0
      for (const chunk of chunks) Framing.each(inlet, framing, chunk, onFrame)
      return count
    }
    ctx.check(pass() === frames, `${frames} frames of ${payload} octets`)
    const passes = await ctx.rate(() => void pass())
    return { "MB/s": (passes * total) / 1e6, "frames/s": passes * frames }
  }

/** How one usually does lines in Node: text, joined and split. */
const splitText =
  (payload: number): Bench.Run =>
  async (ctx) => {
    const { chunks, frames } = wireOf(Framing.lines(), payload)
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const pass = (): number => {
      const decoder = new TextDecoder()
      let rest = ""
      let count = 0
      for (const chunk of chunks) {
        const parts = (rest + decoder.decode(chunk, { stream: true })).split("\r\n")
        rest = parts.pop()!
        for (const part of parts) if (part.length === payload) count++
      }
      return count
    }
    ctx.check(pass() === frames, `${frames} lines of ${payload} octets`)
    const passes = await ctx.rate(() => void pass())
    return { "MB/s": (passes * total) / 1e6, "frames/s": passes * frames }
  }

/** How one usually does frames in Node: concatenate and slice. */
const concatenated =
  (header: number, payload: number): Bench.Run =>
  async (ctx) => {
    const { chunks, frames } = wireOf(Framing.lengthPrefix(), payload)
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const pass = (): number => {
      let held: Buffer = Buffer.alloc(0)
      let count = 0
      for (const chunk of chunks) {
        held = held.length === 0 ? (chunk as Buffer) : Buffer.concat([held, chunk])
        while (held.length >= header) {
          const length = held.readUInt32BE(0)
          if (held.length < header + length) break
          const frame = held.subarray(header, header + length)
          if (frame.length === payload) count++
          held = held.subarray(header + length)
        }
      }
      return count
    }
    ctx.check(pass() === frames, `${frames} frames of ${payload} octets`)
    const passes = await ctx.rate(() => void pass())
    return { "MB/s": (passes * total) / 1e6, "frames/s": passes * frames }
  }

const sizes = [64, 1_024, 16_384] as const

export default Bench.define({
  name: "reactor/framing",
  works: [
    ...sizes.map((payload) => ({
      name: `length prefix, frames of ${payload.toLocaleString("en")} octets`,
      subjects: {
        reactor: ranges(Framing.lengthPrefix(), payload),
        "reactor, views": views(Framing.lengthPrefix(), payload),
        "concat and subarray": concatenated(4, payload),
        "Twisted Int32StringReceiver": programs.twistedFraming("int32", payload)
      }
    })),
    {
      name: "lines of 80 octets",
      subjects: {
        reactor: ranges(Framing.lines(), 80),
        "reactor, views": views(Framing.lines(), 80),
        "decode and split": splitText(80),
        "Twisted LineReceiver": programs.twistedFraming("lines", 80)
      }
    },
    {
      name: "delimiter of 4 octets, frames of 80",
      subjects: {
        reactor: ranges(Framing.delimiter("\r\n.."), 80),
        "reactor, views": views(Framing.delimiter("\r\n.."), 80)
      }
    },
    {
      name: "netstrings of 80 octets",
      subjects: {
        reactor: ranges(Framing.netstring(), 80),
        "reactor, views": views(Framing.netstring(), 80),
        "Twisted NetstringReceiver": programs.twistedFraming("netstring", 80)
      }
    }
  ],
  goals: [
    ...sizes.map((payload): Bench.Goal => ({
      work: `length prefix, frames of ${payload.toLocaleString("en")} octets`,
      metric: "MB/s",
      subject: "reactor",
      against: 1_000,
      atLeast: 1
    })),
    { work: "lines of 80 octets", metric: "MB/s", subject: "reactor", against: 500, atLeast: 1 },
    { work: "lines of 80 octets", metric: "MB/s", subject: "reactor, views", against: 500, atLeast: 1 }
  ]
})
