import { assert, describe, it } from "@effect/vitest"
import { Algorithm, SigningKey } from "@handoff/dns/dnssec"
import { Sig0, Tsig, TsigKey } from "@handoff/dns/update"
import { Message, Name, Question, Rcode } from "@handoff/dns/wire"

const key = TsigKey.make({ name: "k.example.", secret: Buffer.from("a secret").toString("base64") })
const octets = Message.encode(Message.query(Question.make("www.example.", "A"), { id: 7 }))
const time = 1_800_000_000
const reasonOf = (result: unknown) => (result instanceof Tsig.TsigError ? result.reason : "holds")

describe("TSIG (RFC 8945)", () => {
  it("holds for what was signed, with every algorithm", () => {
    for (const algorithm of [
      "hmac-md5",
      "hmac-sha1",
      "hmac-sha224",
      "hmac-sha256",
      "hmac-sha384",
      "hmac-sha512"
    ] as const) {
      const with_ = TsigKey.make({ ...key, algorithm })
      const signed = Tsig.sign(octets, with_, { time })
      assert.strictEqual(reasonOf(Tsig.verify(signed.octets, [with_], { time })), "holds")
      assert.notInstanceOf(Message.decode(signed.octets), Error)
    }
  })
  it("no octet of it, nor of the message, can be changed", () => {
    const signed = Tsig.sign(octets, key, { time }).octets
    for (let at = 2; at < signed.length; at++) {
      const changed = signed.with(at, signed[at]! ^ 0x11)
      if (Message.decode(changed) instanceof Error) continue
      assert.notStrictEqual(reasonOf(Tsig.verify(changed, [key], { time })), "holds", `octet ${at}`)
    }
  })
  it("the id may be changed on the way: the original one is signed (RFC 8945 5.3.1)", () => {
    const forwarded = Tsig.sign(octets, key, { time }).octets.with(1, 99)
    assert.strictEqual(reasonOf(Tsig.verify(forwarded, [key], { time })), "holds")
  })
  it("says why it does not hold, in the order of RFC 8945 5.2", () => {
    const signed = Tsig.sign(octets, key, { time }).octets
    const other = TsigKey.make({ ...key, name: "other." })
    const wrong = TsigKey.make({ ...key, secret: new Uint8Array(9) })
    assert.strictEqual(reasonOf(Tsig.verify(octets, [key], { time })), "Missing")
    assert.strictEqual(reasonOf(Tsig.verify(signed, [other], { time })), "BadKey")
    assert.strictEqual(reasonOf(Tsig.verify(signed, [wrong], { time: time + 9_999 })), "BadSignature")
    assert.strictEqual(reasonOf(Tsig.verify(signed, [key], { time: time + 301 })), "BadTime")
    assert.strictEqual(reasonOf(Tsig.verify(signed, [key], { time: time - 301 })), "BadTime")
    assert.strictEqual(reasonOf(Tsig.verify(signed, [key], { time: time + 300 })), "holds")
  })
  it("of what the peer says against ours, the code is the peer's, and of times how far its clock is off (RFC 8945 5.2.3)", () => {
    const request = Tsig.sign(octets, key, { time })
    const other = Buffer.alloc(6)
    other.writeUIntBE(time - 400, 0, 6)
    const answer = Tsig.sign(octets, key, { time, priorMac: request.mac, error: Rcode.BADTIME, other })
    const told = Tsig.verify(answer.octets, [key], { time, priorMac: request.mac })
    assert.deepInclude(told, {
      reason: "Peer",
      code: Rcode.BADTIME,
      message: "the peer says BADTIME: its clock is 400 s behind ours"
    })
  })
  it("a stream holds with TSIGs on some of its messages, not with one left out, moved or missing at the end", () => {
    const messages = Array.from({ length: 250 }, (_, id) => Message.encode(Message.make({ id, response: true })))
    const requestMac = Tsig.sign(octets, key, { time }).mac
    const signer = new Tsig.Stream(key, requestMac)
    const signed = messages.map((message) => signer.sign(message, time))
    const check = (list: ReadonlyArray<Uint8Array>) => {
      const stream = new Tsig.Stream(key, requestMac)
      for (const message of list) {
        const error = stream.verify(message, time)
        if (error !== undefined) return error.reason
      }
      return stream.isComplete ? "holds" : "incomplete"
    }
    assert.strictEqual(check(signed), "holds")
    assert.strictEqual(check(signed.toSpliced(5, 1)), "BadSignature")
    assert.strictEqual(check([signed[1]!, signed[0]!]), "BadSignature")
    assert.strictEqual(check([...signed.slice(0, 9), messages[9]!]), "incomplete")
    assert.strictEqual(check([messages[0]!]), "Missing")
    assert.strictEqual(check([signed[0]!, ...messages.slice(1, 101)]), "Missing")
  })
})

describe("SIG(0) (RFC 2931)", () => {
  it("holds for what was signed, in its time, with its key", () => {
    const signing = SigningKey.generate({ algorithm: Algorithm.ED25519 })
    const signer = Name.fromText("k.example.")
    const { rdata } = signing.dnskey
    const signed = Sig0.sign(octets, { signer, rdata, privateKey: signing.privateKey, time })
    const own = { name: signer, rdata }
    const verify = (message: Uint8Array, keys = [own], at = time) => {
      const result = Sig0.verify(message, keys, { time: at })
      return result instanceof Sig0.Sig0Error ? result.reason : "holds"
    }
    assert.isTrue(Sig0.isSigned(signed))
    assert.isFalse(Sig0.isSigned(octets))
    assert.strictEqual(verify(signed), "holds")
    assert.strictEqual(verify(signed.with(20, signed[20]! ^ 1)), "BadSignature")
    assert.strictEqual(verify(signed, [own], time + 301), "BadTime")
    assert.strictEqual(verify(signed, []), "BadKey")
    assert.strictEqual(verify(octets), "Missing")
  })
})
