/**
 * Scenario files that real name servers do not play, with why. `scenarios.test.ts` here holds the list to what is there:
 * every file is on it or gets at least one of its answers from each server.
 */
const noAnswer = "no server answers in it, or with failures only"
const asksNobody = "nobody is asked in it"
const theirOwn = "it needs a server that does wrong in this very way"
const simulated = "its network is FakeNetwork itself"
const icmp =
  "it needs ICMP errors at a moment of the script's; `test/Udp.test.ts` and `hostile.test.ts` here have real ones"
const scriptedCookie = "its server's cookie is told beforehand; `peers.test.ts` meets Knot's and BIND's own"

const follows = "it follows aliases over all its zones, so that no reply ends at one"
const loops = "it finds the loop itself and says SERVFAIL"

export const everywhere: Readonly<Record<string, string>> = {
  "choice-of-servers/a-server-s-own-words-for-its-failure-are-handed-on.ts": theirOwn,
  "choice-of-servers/when-every-server-fails-the-failure-is-told-not-a-timeout.ts": noAnswer,
  "over-fake-network/a-dead-server-beside-a-live-one-costs-one-timer-and-then-no.ts": simulated,
  "over-fake-network/an-answer-takes-as-long-as-the-network.ts": simulated,
  "over-fake-network/negative-control-with-every-datagram-lost-none-answers.ts": simulated,
  "over-fake-network/over-its-stream-the-length-comes-first-and-tells-where.ts": simulated,
  "over-fake-network/with-every-fifth-datagram-lost-each-way-two-hundred-questions.ts": simulated,
  "rfc1034-5.2.2-aliases/a-server-that-makes-up-one-alias-after-another-is-given-up.ts": theirOwn,
  "rfc1034-5.2.2-aliases/records-in-any-order-make-the-same-chain.ts": theirOwn,
  "rfc1035-7.2-sending-again/an-icmp-error-alone-ends-nothing-the-answer-behind-it.ts": icmp,
  "rfc1035-7.2-sending-again/an-unreachable-server-costs-no-time-where-there-is-another.ts": icmp,
  "rfc1035-7.2-sending-again/when-all-servers-are-unreachable-it-fails-long-before-the-end.ts": icmp,
  "rfc1035-7.2-sending-again/interruption-stops-sending-at-once-and-frees-the-id.ts": noAnswer,
  "rfc1035-7.2-sending-again/negative-control-with-a-life-shorter-than-the-timer-a-lost-answer-is-lost.ts": noAnswer,
  "rfc1035-7.2-sending-again/when-nobody-answers-it-fails-with-a-timeout-after-timeout.ts": noAnswer,
  "rfc2308-5-negative-answers/the-soa-of-another-zone-is-no-proof.ts": theirOwn,
  "rfc2308-5-negative-answers/without-an-soa-it-is-not-kept.ts": theirOwn,
  "rfc5452-9-forgery/a-server-that-once-had-cookies-has-them-always-a-reply.ts": scriptedCookie,
  "rfc5452-9-forgery/badcookie-is-asked-again-with-the-new-cookie.ts": scriptedCookie,
  "rfc5452-9-forgery/records-that-the-chain-does-not-lead-to-are-as-if-they-were.ts": theirOwn,
  "rfc6672-2.2-dname/a-cname-beside-it-that-says-something-else-is-a-lie.ts": theirOwn,
  "rfc6672-2.2-dname/negative-control-without-the-dname-its-target-s-records-are-somebody-else-s.ts": theirOwn,
  "rfc6761-6-special-names/names-at-and-below-localhost-are-the-loopback-addresses.ts": asksNobody,
  "rfc6761-6-special-names/names-below-invalid-onion-and-local-are-not-there-and-are-not.ts": asksNobody,
  "rfc6761-6-special-names/the-names-of-the-loopback-addresses-are-localhost.ts": asksNobody,
  "rfc7766-5-truncation/a-server-that-truncates-over-tcp-too-makes-no-sense.ts": theirOwn,
  "rfc7766-5-truncation/a-server-that-truncates-and-refuses-tcp-is-out-the-next-one.ts": icmp,
  "rfc9520-3.2-failures/a-failure-is-kept-for-a-second-then-two-broken-servers-are.ts": noAnswer,
  "rfc9520-3.2-failures/negative-control-without-a-cache-every-question-goes-to-the-broken-server.ts": noAnswer
}

/** What one of them does otherwise, and rightly so. */
export const by: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  NSD: {
    "rfc1034-5.2.2-aliases/an-alias-to-a-name-that-is-known-is-kept-for-the-less-of-what-both.ts": follows,
    "rfc1034-5.2.2-aliases/a-loop-across-replies-is-an-error-after-two-questions.ts": follows,
    "rfc1034-5.2.2-aliases/where-the-reply-ends-at-an-alias-its-target-is-asked.ts": follows
  },
  BIND: {
    "rfc1034-5.2.2-aliases/a-loop-within-a-reply-is-an-error-at-once.ts": loops,
    "rfc5452-9-forgery/our-random-case-is-not-seen-in-answers-whose-names-point.ts":
      "its names below a wildcard do not point to the question: they are written in the zone's case"
  },
  Unbound: {
    "rfc1034-5.2.2-aliases/an-alias-to-a-name-that-is-known-is-kept-for-the-less-of-what-both.ts": follows,
    "rfc1034-5.2.2-aliases/a-loop-across-replies-is-an-error-after-two-questions.ts": loops,
    "rfc1034-5.2.2-aliases/a-loop-within-a-reply-is-an-error-at-once.ts": loops,
    "rfc1034-5.2.2-aliases/where-the-reply-ends-at-an-alias-its-target-is-asked.ts": follows
  }
}
