/** RFC 5155 appendix B.1: the name error of the signed zone in appendix A, judged from its key signing key down. */
import { assert, describe, it } from "@effect/vitest"
import { TrustAnchors, Validator } from "@handoff/dns/dnssec"
import { Message, Question, Rcode, ZoneFile } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"

const records = (text: string) => {
  const parsed = ZoneFile.parse(`$TTL 3600\n${text}`)
  if (parsed instanceof Error) throw parsed
  return parsed
}

const keys =
  records(`example. DNSKEY 256 3 7 AwEAAaetidLzsKWUt4swWR8yu0wPHPiUi8LUsAD0QPWU+wzt89epO6tHzkMBVDkC7qphQO2hTY4hHn9npWFRw5BYubE=
example. DNSKEY 257 3 7 AwEAAcUlFV1vhmqx6NSOUOq2R/dsR7Xm3upJj7IommWSpJABVfW8Q0rOvXdM6kzt+TAu92L9AbsUdblMFin8CVF3n4s=
example. RRSIG DNSKEY 7 1 3600 20150420235959 20051021000000 12708 example. AuU4juU9RaxescSmStrQks3Gh9FblGBlVU31uzMZ/U/FpsUb8aC6QZS+sTsJXnLnz7flGOsmMGQZf3bH+QsCtg==`)

const soa = `example. SOA ns1.example. bugs.x.w.example. 1 3600 300 3600000 3600
example. RRSIG SOA 7 1 3600 20150420235959 20051021000000 40430 example. Hu25UIyNPmvPIVBrldN+9Mlp9Zql39qaUd8iq4ZLlYWfUUbbAS41pG+68z81q1xhkYAcEyHdVI2LmKusbZsT0Q==`

const nextCloser = `0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. OSgWSm26B+cS+dDL8b5QrWr/dEWhtCsKlwKLIBHYH6blRxK9rC0bMJPwQ4mLIuw85H2EY762BOCXJZMnpuwhpA==`

const encloser = `b4um86eghhds6nea196smvmlo4ors995.example. NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG
b4um86eghhds6nea196smvmlo4ors995.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. ZkPG3M32lmoHM6pa3D6gZFGB/rhL//Bs3Omh5u4m/CUiwtblEVOaAKKZd7S959OeiX43aLX3pOv0TSTyiTxIZg==`

const wildcard = `35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG
35mthgpgcu1qg68fab165klnsnk3dpvl.example. RRSIG NSEC3 7 2 3600 20150420235959 20051021000000 40430 example. g6jPUUpduAJKRljUsN8gB4UagAX0NxY9shwQAynzo8EUWH+z6hEIBlUTPGj15eZll6VhQqgZXtAIR3chwgW+SA==`

const judge = (authorities: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.UTC(2012, 3, 20))
    const fetch = () => Effect.succeed(Message.make({ response: true, answers: keys }))
    const validator = new Validator({ anchors: new TrustAnchors([keys[1]!]), fetch })
    const question = Question.make("a.c.x.w.example.", "A")
    const message = Message.make({
      response: true,
      rcode: Rcode.NXDOMAIN,
      questions: [question],
      authorities: records(authorities.join("\n"))
    })
    return yield* validator.validate(question, message)
  })

describe("RFC 5155 B.1, a name error", () => {
  it.effect("is proven; with opt-out there may be an unsigned delegation, so it is insecure (RFC 5155 9.2)", () =>
    Effect.gen(function* () {
      const verdict = yield* judge([soa, nextCloser, encloser, wildcard])
      assert.strictEqual(verdict.status, "insecure", JSON.stringify(verdict))
    })
  )
  for (const [without, left] of [
    ["the closest encloser", [soa, nextCloser, wildcard]],
    ["the next closer name", [soa, encloser, wildcard]],
    ["the wildcard", [soa, nextCloser, encloser]],
    ["anything", [soa]]
  ] as const) {
    it.effect(`without ${without} it is bogus`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* judge(left)).status, "bogus")
      })
    )
  }
})
