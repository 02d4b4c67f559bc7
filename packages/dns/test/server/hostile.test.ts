/** What a server must bear from strangers: datagrams and connections made to hurt it, and functions of its owner that throw. */
import { connect } from "node:net"
import { connect as connectTls } from "node:tls"
import { assert, describe, it, vi } from "@effect/vitest"
import { Listener } from "#internal"
import { SigningKey, signSync } from "@handoff/dns/dnssec"
import { answer, handle, type Policy, Server } from "@handoff/dns/server"
import { Tsig, TsigKey, Update } from "@handoff/dns/update"
import { Edns, Framing, Message, Name, Question, Rcode } from "@handoff/dns/wire"
import { text, type Zone, ZoneStore } from "@handoff/dns/zone"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { policyOf } from "../dnssec/support/judge.ts"
import { turns, until } from "../support/turns.ts"
import { certificate } from "./support/certificate.ts"
import { lab } from "./support/zones.ts"

const key = TsigKey.make({ name: "k.example.", secret: "c2VjcmV0IHNlY3JldCBzZWNyZXQ=" })
const query = (name: string, type: Question.QuestionType, id = 1) =>
  Message.encode(Message.query(Question.make(name, type), { id }))
const record = (line: string) => [...text.zone("lab.example.", `@ 0 SOA a b 1 1 1 1 1\n${line}`).records()][1]!

describe("datagrams", () => {
  it.live("from port 0, where nothing can be sent, are dropped, and the server goes on", () =>
    Effect.gen(function* () {
      const options = {
        host: "127.0.0.1",
        port: 0,
        tls: undefined,
        connections: 1,
        connectionIdle: 1_000,
        policy: policyOf([lab]),
        now: () => 0
      }
      const listener = yield* Effect.acquireRelease(
        Effect.promise(() => Listener.open(options)),
        (opened) => Effect.promise(() => opened.close())
      )
      listener["udp"].emit("message", Buffer.from(query("host.lab.example.", "A")), { address: "127.0.0.1", port: 0 })
      assert.deepStrictEqual(listener.stats(), { requests: 1, responses: 0, dropped: 1, connections: 0 })
    }).pipe(Effect.scoped)
  )
})

describe("connections", () => {
  it.live("who asks faster than answers leave is not read meanwhile, and gets all of them in order", () =>
    Effect.gen(function* () {
      const server = yield* Server.make({ zones: [lab], tls: certificate })
      const count = 20_000
      const seen = yield* Effect.callback<{ readonly ids: ReadonlyArray<number>; readonly owed: number }>((resume) => {
        const socket = connectTls({ port: server.tlsPort!, host: "127.0.0.1", rejectUnauthorized: false })
        const deframer = new Framing.Deframer()
        const ids: Array<number> = []
        let owed = 0
        socket.on("data", (piece) => {
          const { requests, responses } = Effect.runSync(server.stats)
          owed = Math.max(owed, requests - responses)
          for (const octets of deframer.push(piece)) ids.push(Message.idOf(octets)!)
          if (ids.length < count) return
          socket.destroy()
          resume(Effect.succeed({ ids, owed }))
        })
        socket.write(
          Framing.frameAll(Array.from({ length: count }, (_, id) => query("many.lab.example.", "A", id & 0xffff)))
        )
      })
      assert.deepStrictEqual(
        seen.ids,
        Array.from({ length: count }, (_, id) => id)
      )
      // What one piece off the socket holds: 64 KiB are some 1,700 questions.
      assert.isBelow(seen.owed, 4_000)
    }).pipe(Effect.scoped)
  )
})

describe("a client that sends its question octet by octet", () => {
  it.live("has ten seconds for it, however busy it looks; a question that is whole by then is answered", () =>
    Effect.gen(function* () {
      yield* Effect.acquireRelease(
        Effect.sync(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })),
        () => Effect.sync(() => vi.useRealTimers())
      )
      const server = yield* Server.make({ zones: [lab] })
      const octets = Framing.frame(query("host.lab.example.", "A"))
      const open = Effect.acquireRelease(
        Effect.sync(() => {
          const socket = connect({ port: server.port, host: "127.0.0.1", noDelay: true })
          const client = { socket, answers: 0, closed: false }
          const deframer = new Framing.Deframer()
          socket.on("data", (piece) => void (client.answers += deframer.push(piece).length))
          socket.on("error", () => undefined)
          socket.on("close", () => void (client.closed = true))
          return client
        }),
        ({ socket }) => Effect.sync(() => void socket.destroy())
      )
      const slow = yield* open
      const slower = yield* open
      /** Each sends an octet and a second goes by. */
      const second = (i: number) =>
        Effect.gen(function* () {
          if (i < 9) slow.socket.write(octets.subarray(i, i + 1))
          slower.socket.write(octets.subarray(i, i + 1))
          yield* turns(200)
          vi.advanceTimersByTime(1_000)
        })
      for (let i = 0; i < 9; i++) yield* second(i)
      assert.deepStrictEqual([slow.closed, slower.closed], [false, false])
      slow.socket.write(octets.subarray(9))
      yield* until(() => slow.answers === 1)
      for (let i = 9; i < 11; i++) yield* second(i)
      yield* until(() => slower.closed)
      assert.isFalse(slow.closed)
      // What it begins next has its own time.
      slow.socket.write(octets.subarray(0, 5))
      yield* second(11)
      slow.socket.write(octets.subarray(5))
      yield* until(() => slow.answers === 2)
    }).pipe(Effect.scoped)
  )
})

describe("functions of the options that throw", () => {
  const broken = () => {
    throw new Error("a mistake")
  }
  const update = Message.encode(
    Update.toMessage(Update.add(Update.make("lab.example."), record("x 60 A 192.0.2.1")), 7)
  )
  it("make SERVFAIL of the one request, and of a transfer that has begun", () => {
    const causes: Array<unknown> = []
    const policy: Policy = {
      ...policyOf([lab]),
      allowUpdate: () => true,
      afterUpdate: broken,
      allowTransfer: () => true,
      onDefect: (cause) => void causes.push(cause)
    }
    const peer = { transport: "tcp", address: "192.0.2.1", port: 1 } as const
    const [failed, ...more] = [...handle(policy, update, peer, 0)].map((octets) => Message.decodeUnsafe(octets))
    assert.deepStrictEqual([failed!.rcode, failed!.id, failed!.opcode, more.length], [Rcode.SERVFAIL, 7, 5, 0])
    assert.strictEqual(policy.zones.get(lab.origin)!.serial, lab.serial)
    const lazy: Zone.Zone = Object.create(lab, { records: { value: broken } }) as Zone.Zone
    const transfer = handle({ ...policy, zones: new ZoneStore([lazy]) }, query("lab.example.", "AXFR"), peer, 0)
    assert.deepStrictEqual(
      [...transfer].map((octets) => Message.decodeUnsafe(octets).rcode),
      [Rcode.SERVFAIL]
    )
    assert.strictEqual(causes.length, 2)
  })
  it.live("are logged by the server, which goes on", () =>
    Effect.gen(function* () {
      const logged: Array<string> = []
      const logger = Logger.make(({ message, cause }) => void logged.push(`${String(message)} ${Cause.pretty(cause)}`))
      yield* Effect.gen(function* () {
        const server = yield* Server.make({ zones: [lab], allowTransfer: broken })
        const { axfr } = yield* Effect.promise(() => import("@handoff/dns/transfer"))
        const error = yield* Effect.flip(axfr({ address: "127.0.0.1", port: server.port }, lab.origin))
        assert.strictEqual(error.reason === "Refused" && error.rcode, Rcode.SERVFAIL)
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
      assert.match(logged.join("\n"), /SERVFAIL.*a mistake/)
    })
  )
})

describe("what is asked of a zone", () => {
  const count = (zone: Zone.Zone) => {
    let reads = 0
    const nodes = new Proxy(zone.sorted as Array<Zone.Node>, {
      get: (target, at) => {
        if (typeof at === "string" && /^\d+$/.test(at)) reads++
        return Reflect.get(target, at) as unknown
      }
    })
    Object.defineProperty(zone, "sorted", { value: nodes })
    return () => reads
  }
  it("costs the same with DO whatever the size of a zone that is not signed", () => {
    const zone = text.zone("big.", "@ 60 SOA a b 1 1 1 1 1\n@ 60 NS a\n$GENERATE 1-5000 n$ 60 A 192.0.2.1\n")
    const reads = count(zone)
    for (const name of ["zzz.big.", "n1.zzz.big."]) {
      const found = answer(zone, Question.make(name, "A"), { dnssecOk: true, minimalAny: false })
      assert.strictEqual(found.rcode, Rcode.NXDOMAIN)
    }
    assert.isBelow(reads(), 100)
  })
  it("is not proven to be missing where each proof takes more hashes than are allowed, 150 iterations unless told", () => {
    const plain = text.zone(
      "h.",
      "@ 60 SOA a b 1 1 1 1 1\n@ 60 NS a\na 60 A 192.0.2.1\nw 60 A 192.0.2.2\n*.w 60 A 192.0.2.3\n"
    )
    const types = (iterations: number, most: number | undefined, name: string, type: Question.QuestionType) => {
      const options = { keys: [SigningKey.generate()], now: 0, denial: "nsec3", nsec3: { iterations } } as const
      const wishes = { dnssecOk: true, minimalAny: false, nsec3Iterations: most }
      const found = answer(signSync(plain, options), Question.make(name, type), wishes)
      return new Set(found.authorities.map((record) => record.type))
    }
    for (const [name, type] of [
      ["nope.h.", "A"],
      ["w.h.", "TXT"],
      ["any.w.h.", "TXT"],
      ["any.w.h.", "A"]
    ] as const) {
      assert.include(types(150, undefined, name, type), "NSEC3")
      assert.notInclude(types(151, undefined, name, type), "NSEC3")
      assert.include(types(151, 151, name, type), "NSEC3")
    }
  })
  it("gives each alias of a loop once", () => {
    const zone = text.zone("l.", "@ 60 SOA a b 1 1 1 1 1\n@ 60 NS a\na 60 CNAME b\nb 60 CNAME a\ns 60 CNAME s\n")
    for (const [name, aliases] of [
      ["a.l.", 2],
      ["b.l.", 2],
      ["s.l.", 1]
    ] as const) {
      const { answers } = answer(zone, Question.make(name, "A"), { dnssecOk: false, minimalAny: false })
      assert.strictEqual(answers.length, aliases)
    }
  })
  it("has the class of the zone in the alias made of a DNAME", () => {
    const zone = text.zone("c.", "@ 60 CH SOA a b 1 1 1 1 1\nd 60 CH DNAME e.c.\n")
    const { answers } = answer(
      zone,
      { ...Question.make("x.d.c.", "A"), class: "CH" },
      { dnssecOk: false, minimalAny: false }
    )
    assert.deepStrictEqual(
      answers.map((record) => record.class),
      ["CH", "CH"]
    )
  })
})

describe("signed requests", () => {
  const peer = { transport: "udp", address: "192.0.2.1", port: 1 } as const
  const time = 1_800_000_000
  const policy: Policy = { ...policyOf([lab]), keys: [key], allowTransfer: () => true, udpPayloadOctets: 1_232 }
  const signed = Tsig.sign(query("host.lab.example.", "A"), key, { time })
  const respond = (octets: Uint8Array, from: Policy = policy) => [...handle(from, octets, peer, time * 1_000)][0]!
  const cut = (octets: number) => {
    const found = Tsig.find(signed.octets) as Tsig.Tsig
    const bare = Tsig.withoutTsig(signed.octets, found)
    // As `sign` writes it, with fewer octets of the MAC.
    const whole = Tsig.appendError(bare, found, 0)
    const at = whole.length - 6
    const mac = Buffer.concat([
      whole.subarray(0, at - 2),
      Uint8Array.of(0, octets),
      signed.mac.subarray(0, octets),
      whole.subarray(at)
    ])
    const rdata = found.start + found.name.octets.length + 8
    mac.writeUInt16BE(mac.readUInt16BE(rdata) + octets, rdata)
    return new Uint8Array(mac)
  }
  it("with a MAC that is cut are told so by a signed answer (RFC 8945 5.2.2.1, 5.3.2)", () => {
    const response = respond(cut(16))
    assert.strictEqual(Message.decodeUnsafe(response).rcode, Rcode.NOTAUTH)
    const found = Tsig.find(response) as Tsig.Tsig
    assert.deepStrictEqual([found.error, found.mac.length], [Rcode.BADTRUNC, 32])
    const told = Tsig.verify(response, [key], { time, priorMac: signed.mac.subarray(0, 16) })
    assert.strictEqual(told instanceof Tsig.TsigError && told.reason, "Peer")
  })
  it("with a MAC shorter than any may be are malformed", () => {
    for (const octets of [0, 9, 15]) {
      const response = respond(cut(octets))
      assert.strictEqual(Message.decodeUnsafe(response).rcode, Rcode.FORMERR)
      assert.isUndefined(Tsig.find(response))
    }
  })
  it("get differences over UDP only as large as leaves room for what signs them, and EDNS that was asked with", () => {
    const zones = new ZoneStore([lab])
    zones.edit(lab.origin, (transaction) => {
      for (let i = 0; i < 30; i++) transaction.add(record(`new${i} 300 TXT "${"x".repeat(30)}"`))
    })
    for (let payload = 512; payload <= 1_232; payload += 8) {
      const question = Question.make("lab.example.", "IXFR")
      const edns = Edns.make({ udpPayloadOctets: payload })
      const asked = Message.make({ id: 1, questions: [question], authorities: [lab.soa.records[0]!], edns })
      const octets = respond(Tsig.sign(Message.encode(asked), key, { time }).octets, { ...policy, zones })
      assert.isAtMost(octets.length, payload)
      assert.isDefined(Message.decodeUnsafe(octets).edns)
    }
    const large = Message.make({
      id: 1,
      questions: [Question.make("lab.example.", "IXFR")],
      authorities: [lab.soa.records[0]!],
      edns: Edns.make({ udpPayloadOctets: 4_096 })
    })
    const whole = respond(Message.encode(large), { ...policy, zones, udpPayloadOctets: 4_096 })
    assert.isAbove(Message.decodeUnsafe(whole).answers.length, 30)
  })
  it("for a zone of another class are for no zone here", () => {
    const asked = Message.query({ name: Name.fromText("lab.example."), type: "AXFR", class: "CH" }, { id: 1 })
    const [octets] = handle(policy, Message.encode(asked), { ...peer, transport: "tcp" }, 0)
    assert.strictEqual(Message.decodeUnsafe(octets!).rcode, Rcode.NOTAUTH)
  })
})
