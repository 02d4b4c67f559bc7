import { assert, describe, it } from "@effect/vitest"
import { Cookies, handle, type Policy, RateLimit, Server } from "@handoff/dns/server"
import { Edns, Message, Question, Rcode } from "@handoff/dns/wire"
import { ZoneStore } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { sipHash } from "#internal"
import { certificate } from "./support/certificate.ts"
import { has, run } from "./support/peers.ts"
import { lab } from "./support/zones.ts"

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"))
const option = (text: string) => ({ client: hex(text.slice(0, 16)), server: hex(text.slice(16)) })
const textOf = ({ client, server }: { readonly client: Uint8Array; readonly server: Uint8Array }) =>
  Buffer.concat([client, server]).toString("hex")

describe("SipHash-2-4 (Aumasson and Bernstein, appendix A)", () => {
  it("of 0 to 14, with the key 0 to 15, is a129ca6149be45e5", () => {
    const count = (length: number) => Uint8Array.from({ length }, (_, i) => i)
    assert.strictEqual(Buffer.from(sipHash(count(16), count(15))).toString("hex"), "e545be4961ca29a1")
    // Lengths around a word, from the authors' reference vectors.
    assert.strictEqual(Buffer.from(sipHash(count(16), count(0))).toString("hex"), "310e0edd47db6f72")
    assert.strictEqual(Buffer.from(sipHash(count(16), count(8))).toString("hex"), "6224939a79f5f593")
  })
})

describe("RFC 9018 appendix A", () => {
  const first = hex("e5e973e5a6b2a43f48e7dc849e37bfcf")
  const examples = [
    {
      title: "A.1, a new cookie",
      secrets: [first],
      address: "198.51.100.100",
      came: "2464c4abcf10c957",
      holds: false,
      time: 1_559_731_985,
      given: "2464c4abcf10c957010000005cf79f111f8130c3eee29480"
    },
    {
      title: "A.2, a renewed one",
      secrets: [first],
      address: "198.51.100.100",
      came: "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
      holds: true,
      time: 1_559_734_385,
      given: "2464c4abcf10c957010000005cf7a871d4a564a1442aca77"
    },
    {
      title: "A.3, one with reserved octets that are not zero",
      secrets: [first],
      address: "203.0.113.203",
      came: "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
      holds: false,
      time: 1_559_734_700,
      given: "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e"
    },
    {
      title: "A.4, IPv6 and a secret that was rolled over",
      secrets: [hex("445536bcd2513298075a5d379663c962"), hex("dd3bdf9344b678b185a6f5cb60fca715")],
      address: "2001:db8:220:1:59de:d0f4:8769:82b8",
      came: "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
      holds: true,
      time: 1_559_741_961,
      given: "22681ab97d52c298010000005cf7c609a6bb79d16625507a"
    }
  ]
  for (const { title, secrets, address, came, holds, time, given } of examples) {
    it(title, () => {
      const cookies = new Cookies(secrets)
      assert.strictEqual(textOf(cookies.answer(option(came), address, time)), given)
      assert.isTrue(cookies.holds(option(given), address, time))
      assert.strictEqual(cookies.holds(option(came), address, time), holds)
      assert.isFalse(cookies.holds(option(given), "198.51.100.101", time))
    })
  }
  it("A.3: the cookie that came was good when it was made, an hour and 52 minutes before", () => {
    const cookie = option(examples[2]!.came)
    assert.isTrue(new Cookies([first]).holds(cookie, "203.0.113.203", 0x5cf7_8f71))
    assert.isFalse(new Cookies([first]).holds(cookie, "203.0.113.203", 0x5cf7_8f71 + 3_601))
    assert.isFalse(new Cookies([first]).holds(cookie, "203.0.113.203", 0x5cf7_8f71 - 301))
  })
})

describe("a server with cookies", () => {
  const policy = (extra: Partial<Policy> = {}): Policy => ({
    zones: new ZoneStore([lab]),
    keys: [],
    sig0Keys: [],
    allowTransfer: () => false,
    allowUpdate: () => false,
    onNotify: () => false,
    afterUpdate: (zone) => zone,
    rateLimit: undefined,
    udpPayloadOctets: 1_232,
    identity: undefined,
    cookies: new Cookies([new Uint8Array(16)]),
    ...extra
  })
  const client = hex("0123456789abcdef")
  const ask = (
    to: Policy,
    server: Uint8Array,
    options: { readonly address?: string; readonly transport?: "udp" | "tcp"; readonly empty?: boolean } = {}
  ) => {
    const edns = Edns.make({ options: [{ option: "COOKIE", data: { client, server } }] })
    const query = Message.query(Question.make("host.lab.example.", "A"), { id: 1, edns })
    const octets = Message.encode(options.empty === true ? { ...query, questions: [] } : query)
    const { address = "192.0.2.1", transport = "udp" } = options
    return [...handle(to, octets, { transport, address, port: 1 }, 1_800_000_000_000)].map((response) =>
      Message.decodeUnsafe(response)
    )
  }
  const learn = (to: Policy, address?: string) =>
    Edns.find(ask(to, new Uint8Array(0), address === undefined ? {} : { address })[0]!.edns, "COOKIE")!

  it("gives each client one with its answer, and says BADCOOKIE until it is shown where that is wanted", () => {
    const strict = policy({ requireCookies: true })
    const refused = ask(strict, new Uint8Array(0))[0]!
    assert.strictEqual(refused.rcode, Rcode.BADCOOKIE)
    assert.strictEqual(refused.answers.length, 0)
    const { server } = Edns.find(refused.edns, "COOKIE")!
    assert.strictEqual(ask(strict, server)[0]!.answers.length, 1)
    assert.strictEqual(ask(strict, server, { address: "192.0.2.2" })[0]!.rcode, Rcode.BADCOOKIE)
    assert.strictEqual(ask(strict, server.with(9, server[9]! ^ 1))[0]!.rcode, Rcode.BADCOOKIE)
    assert.strictEqual(ask(strict, new Uint8Array(0), { transport: "tcp" })[0]!.answers.length, 1)
    assert.strictEqual(ask(policy(), new Uint8Array(0))[0]!.answers.length, 1)
  })
  it("does not limit who shows a cookie, and limits who shows a wrong one", () => {
    const limit = policy({ rateLimit: new RateLimit({ responsesPerSecond: 1, slip: 0 }) })
    const { server } = learn(limit)
    for (let i = 0; i < 20; i++) assert.strictEqual(ask(limit, server).length, 1)
    const forged = server.with(9, server[9]! ^ 1)
    assert.deepStrictEqual(
      Array.from({ length: 5 }, () => ask(limit, forged).length),
      [0, 0, 0, 0, 0]
    )
  })
  it("answers a question about nothing but the cookie (RFC 7873 5.4)", () => {
    const [found] = ask(policy(), new Uint8Array(0), { empty: true })
    assert.strictEqual(found!.rcode, Rcode.NOERROR)
    assert.strictEqual(Edns.find(found!.edns, "COOKIE")!.server.length, 16)
  })
  it("refuses a cookie of a wrong length (RFC 7873 5.2.2)", () => {
    const octets = Message.encode(
      Message.query(Question.make("host.lab.example.", "A"), {
        id: 1,
        edns: Edns.make({ options: [{ option: "COOKIE", data: { client, server: new Uint8Array(8) } }] })
      })
    )
    // The option's length and the record's: a server cookie of 7 octets.
    const short = octets.slice(0, -1)
    short[short.length - 15 - 3]! -= 1
    short[short.length - 15 - 5]! -= 1
    const [response] = handle(policy(), short, { transport: "udp", address: "192.0.2.1", port: 1 }, 0)
    assert.strictEqual(Message.decodeUnsafe(response!).rcode, Rcode.FORMERR)
  })
  it.live.skipIf(!has("dig") || !has("kdig"))("is understood by dig and kdig, with BADCOOKIE on the way", () =>
    Effect.gen(function* () {
      const server = yield* Server.make({ zones: [lab], requireCookies: true, tls: certificate })
      const asked = (program: string, ...flags: ReadonlyArray<string>) =>
        Effect.promise(() => run(program, ["@127.0.0.1", "-p", String(server.port), ...flags, "host.lab.example", "A"]))
      const dig = yield* asked("dig", "+cookie")
      assert.match(dig.stdout, /BADCOOKIE, retrying/)
      assert.match(dig.stdout, /COOKIE: [0-9a-f]{48} \(good\)/)
      assert.match(dig.stdout, /192\.0\.2\.80/)
      const kdig = yield* asked("kdig", "+cookie")
      assert.match(kdig.stdout, /COOKIE: [0-9A-Fa-f/. ]*/)
      assert.match(kdig.stdout, /192\.0\.2\.80/, kdig.stdout)
      const kept = yield* asked("dig", "+tcp", "+keepalive")
      assert.match(kept.stdout, /TCP.KEEPALIVE: 10\.0 secs/i, kept.stdout)
      const padded = yield* Effect.promise(() =>
        run("kdig", ["@127.0.0.1", "-p", String(server.tlsPort), "+tls", "+padding=128", "host.lab.example", "A"])
      )
      assert.match(padded.stdout, /Received 468 B/, padded.stdout)
    })
  )
})
