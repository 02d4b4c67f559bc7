/** The decisions of a resolution, one by one; the scenarios show them at work on a network. */
import { type Answer, Failure, limits, type Reason, resolution, search } from "#internal"
import { assert, describe, it } from "@effect/vitest"

type Problem = Extract<resolution.Action, { readonly _tag: "Fail" }>["reason"] & {}

const problem = (kind: Problem["kind"], code: string = kind.toUpperCase()): Problem => ({ _tag: "Problem", kind, code })

/** Plays events against a resolution over `order` and gives what it did after each. */
const play = (
  order: ReadonlyArray<number>,
  events: ReadonlyArray<resolution.Event>,
  { attempts = 2, streamOnly = [] as ReadonlyArray<number>, plain = 0 } = {}
) => {
  let at = resolution.start(order, { streamOnly: (server) => streamOnly.includes(server), attempts }, plain)
  const actions = [at.action]
  for (const event of events) {
    at = resolution.step(at.state, event)
    actions.push(at.action)
  }
  return actions.map(show)
}

/** `0 udp` is a send to server 0 over a datagram; `+r1` in round 1, `-edns` without EDNS, `hedge` without a new wait. */
const show = (action: resolution.Action): string => {
  switch (action._tag) {
    case "Send":
      return [
        action.server,
        action.via === "datagram" ? "udp" : "tcp",
        ...(action.round > 0 ? [`r${action.round}`] : []),
        ...(action.edns ? [] : ["-edns"]),
        ...(action.waits ? [] : ["hedge"])
      ].join(" ")
    case "Fail":
      return action.reason === undefined ? "fail" : `fail ${action.reason.code}`
    default:
      return action._tag
  }
}

const late: resolution.Event = { _tag: "Late" }
const slow: resolution.Event = { _tag: "Slow" }
const end: resolution.Event = { _tag: "EndOfLife" }
const said = (
  server: number,
  meaning: Extract<resolution.Event, { readonly _tag: "Reply" }>["meaning"],
  { edns = true, via = "datagram" }: { readonly edns?: boolean; readonly via?: resolution.Via } = {}
): resolution.Event => ({ _tag: "Reply", server, via, edns, meaning })
const truncated = { _tag: "Truncated" } as const
const unreachable = (server: number, via: resolution.Via = "datagram"): resolution.Event => ({
  _tag: "Unreachable",
  server,
  via,
  code: "ECONNREFUSED"
})

describe("a resolution", () => {
  it("asks one server after the other, then all again with twice the time, and every second round over streams", () => {
    assert.deepStrictEqual(
      play(
        [0, 1],
        Array.from({ length: 9 }, () => late)
      ),
      ["0 udp", "1 udp", "0 udp r1", "1 udp r1", "0 tcp r2", "1 tcp r2", "0 udp r3", "1 udp r3", "0 tcp r4", "1 tcp r4"]
    )
  })

  it(`sends ${limits.sendsPerQuestion} times at most, then waits for the end of its life`, () => {
    const actions = play([0], [...Array.from({ length: limits.sendsPerQuestion }, () => late), slow, end])
    assert.strictEqual(actions.filter((action) => action.startsWith("0 ")).length, limits.sendsPerQuestion)
    assert.deepStrictEqual(actions.slice(-3), ["Wait", "Wait", "fail"])
    // Nor does a reply that asks for another send go beyond it.
    const all = Array.from({ length: limits.sendsPerQuestion - 1 }, () => late)
    assert.strictEqual(play([0], [...all, said(0, truncated)]).at(-1), "Wait")
    assert.strictEqual(play([0, 1], [...all, said(1, problem("failure"))]).at(-1), "Wait")
  })

  it("is done with the first answer, whoever gives it", () => {
    const none = { _tag: "NoName", aliases: [], ttl: 60 } as never
    assert.deepStrictEqual(play([0, 1], [late, said(0, none)]).at(-1), "Done")
  })

  it("asks a server that truncates over its stream, once", () => {
    assert.deepStrictEqual(play([0, 1], [said(0, truncated), said(0, truncated)]), ["0 udp", "0 tcp", "Wait"])
  })

  it("goes on to the next server when a stream truncates, or has no more to say", () => {
    assert.deepStrictEqual(play([0, 1], [said(0, truncated), said(0, truncated, { via: "stream" })]), [
      "0 udp",
      "0 tcp",
      "1 udp"
    ])
    assert.deepStrictEqual(play([0], [said(0, truncated, { via: "stream" })]).at(-1), "fail TRUNCATED")
  })

  it("asks over the stream when the question came back in another case, and remembers that nothing else was said", () => {
    assert.deepStrictEqual(play([0], [{ _tag: "OtherCase", server: 0 }, { _tag: "OtherCase", server: 0 }, end]), [
      "0 udp",
      "0 tcp",
      "Wait",
      "fail CASE"
    ])
  })

  for (const kind of ["format", "version"] as const) {
    it(`asks again without EDNS after ${kind}, once, over the same way`, () => {
      assert.deepStrictEqual(
        play([0, 1], [said(0, problem(kind)), said(0, problem(kind), { edns: false }), late, said(1, problem(kind))]),
        ["0 udp", "0 udp -edns", "1 udp", "1 udp r1", "1 udp r1 -edns"]
      )
      assert.strictEqual(play([0], [said(0, problem(kind), { via: "stream" })])[1], "0 tcp -edns")
      // Said of two queries that were under way, it is still asked without EDNS once.
      assert.deepStrictEqual(play([0, 1], [said(0, problem(kind)), said(0, problem(kind))]).slice(1), [
        "0 udp -edns",
        "1 udp"
      ])
      // One to a query that had none means the question itself.
      assert.strictEqual(play([0, 1], [said(0, problem(kind), { edns: false })])[1], "1 udp")
    })
  }

  it("begins without EDNS for a server known to want none", () => {
    assert.deepStrictEqual(play([1, 0], [late], { plain: 0b10 }), ["1 udp -edns", "0 udp"])
  })

  it("repeats a question whose cookie was refused, then asks over the stream, then goes on", () => {
    assert.deepStrictEqual(
      play(
        [0, 1],
        [said(0, problem("cookie")), said(0, problem("cookie")), said(0, problem("cookie"), { via: "stream" })]
      ),
      ["0 udp", "0 udp", "0 tcp", "1 udp"]
    )
  })

  for (const kind of ["failure", "refused", "lame", "garbage"] as const) {
    it(`goes on at once after ${kind}, and does not come back`, () => {
      assert.deepStrictEqual(play([0, 1, 2], [said(0, problem(kind)), late, late, late]), [
        "0 udp",
        "1 udp",
        "2 udp",
        "1 udp r1",
        "2 udp r1"
      ])
    })
  }

  it("fails when all servers are out, with the most telling reason", () => {
    const order: ReadonlyArray<Problem["kind"]> = ["cookie", "refused", "garbage", "failure"]
    for (const [i, worse] of order.entries()) {
      for (const better of order.slice(0, i)) {
        const without = { edns: false, via: "stream" } as const
        for (const pair of [[worse, better] as const, [better, worse] as const]) {
          const events = pair.flatMap((kind, server) => [
            said(server, problem(kind), without),
            said(server, problem(kind), without)
          ])
          const actions = play([0, 1], events)
          assert.strictEqual(actions.at(-1), `fail ${worse.toUpperCase()}`, pair.join(" then "))
        }
      }
    }
    // Of two alike the first.
    assert.strictEqual(
      play([0, 1], [said(0, problem("failure", "FIRST")), said(1, problem("failure", "SECOND"))]).at(-1),
      "fail FIRST"
    )
  })

  it("moves at once to a fresh server only; what was asked already is waited for", () => {
    assert.deepStrictEqual(play([0, 1], [late, said(1, problem("failure")), late]), [
      "0 udp",
      "1 udp",
      "Wait",
      "0 udp r1"
    ])
  })

  it("waits for what was asked already, also when the last server turns out to be unreachable", () => {
    assert.deepStrictEqual(play([0, 1], [late, unreachable(1), late]), ["0 udp", "1 udp", "Wait", "0 udp r1"])
  })

  it("waits for an unreachable server to be tried again when the others are out", () => {
    assert.deepStrictEqual(play([0, 1], [unreachable(0), said(1, problem("failure")), late]), [
      "0 udp",
      "1 udp",
      "Wait",
      "0 udp r1"
    ])
  })

  it("remembers a reason although the next server only asks to be asked another way", () => {
    assert.deepStrictEqual(play([0, 1], [said(0, problem("failure")), said(1, truncated), end]), [
      "0 udp",
      "1 udp",
      "1 tcp",
      "fail FAILURE"
    ])
    assert.strictEqual(play([0], [said(0, truncated), unreachable(0, "stream")]).at(-1), "fail ECONNREFUSED")
  })

  it("goes past an unreachable server in this round, and tries it again in the next", () => {
    assert.deepStrictEqual(play([0, 1, 2], [unreachable(0), late, late, late]), [
      "0 udp",
      "1 udp",
      "2 udp",
      "0 udp r1",
      "1 udp r1"
    ])
  })

  it("fails early only when every server was unreachable in as many rounds as it has attempts", () => {
    const round = [unreachable(0), unreachable(1)]
    assert.deepStrictEqual(play([0, 1], [...round, late, ...round]), [
      "0 udp",
      "1 udp",
      "Wait",
      "0 udp r1",
      "1 udp r1",
      "fail ECONNREFUSED"
    ])
    assert.strictEqual(play([0, 1], round, { attempts: 1 }).at(-1), "fail ECONNREFUSED")
    // The same error told twice is no second round.
    assert.strictEqual(play([0], [unreachable(0), unreachable(0)]).at(-1), "Wait")
  })

  it("counts a server that is out as one that cannot be waited for", () => {
    assert.deepStrictEqual(play([0, 1], [said(0, problem("refused")), unreachable(1)], { attempts: 1 }), [
      "0 udp",
      "1 udp",
      "fail REFUSED"
    ])
  })

  it("gives up a server that truncates and has no stream; one tried over a stream for want of datagrams it keeps", () => {
    assert.deepStrictEqual(play([0, 1], [said(0, truncated), unreachable(0, "stream"), late, late]), [
      "0 udp",
      "0 tcp",
      "1 udp",
      "1 udp r1",
      "1 tcp r2"
    ])
    assert.deepStrictEqual(play([0], [late, late, unreachable(0, "stream"), late]), [
      "0 udp",
      "0 udp r1",
      "0 tcp r2",
      "Wait",
      "0 udp r3"
    ])
    // Where a stream is the only way, no connection is what no route is elsewhere.
    assert.deepStrictEqual(play([0, 1], [unreachable(0, "stream")], { streamOnly: [0] }), ["0 tcp", "1 udp"])
  })

  it("asks servers that have only streams over streams", () => {
    assert.deepStrictEqual(play([0, 1], [late, late, slow], { streamOnly: [1] }), [
      "0 udp",
      "1 tcp",
      "0 udp r1",
      "1 tcp r1 hedge"
    ])
  })

  it("hedges once, to the next server that is not out, and the wait goes on", () => {
    assert.deepStrictEqual(play([0, 1, 2], [slow, slow]), ["0 udp", "1 udp hedge", "Wait"])
    assert.deepStrictEqual(play([0, 1, 2], [said(1, problem("failure")), slow]).at(-1), "0 udp hedge")
    assert.deepStrictEqual(play([0], [slow]), ["0 udp", "0 udp hedge"])
    // The next of all, from where it stands, that may be asked.
    assert.deepStrictEqual(play([0, 1, 2], [late, late, said(0, problem("failure")), slow]), [
      "0 udp",
      "1 udp",
      "2 udp",
      "Wait",
      "1 udp hedge"
    ])
    // A hedge does not move the order on.
    assert.deepStrictEqual(play([0, 1, 2], [slow, late]).at(-1), "1 udp")
  })
})

describe("the search list", () => {
  const candidates = (name: string, list: ReadonlyArray<string>, ndots = 1) =>
    search.candidates(name, { search: list, ndots })

  it("leaves a name with a final dot, or without a list, alone", () => {
    assert.deepStrictEqual(candidates("www.", ["example"]), ["www."])
    assert.deepStrictEqual(candidates("www", []), ["www."])
  })

  it("tries a name with fewer dots than ndots in each domain first, and as it is last", () => {
    assert.deepStrictEqual(candidates("www", ["a.test", "b.test"]), ["www.a.test.", "www.b.test.", "www."])
    assert.deepStrictEqual(candidates("www.x", ["a.test"], 2), ["www.x.a.test.", "www.x."])
  })

  it("tries a name with ndots dots or more as it is first", () => {
    assert.deepStrictEqual(candidates("www.x", ["a.test"]), ["www.x.", "www.x.a.test."])
    assert.deepStrictEqual(candidates("w.w.x", ["a.test"], 2), ["w.w.x.", "w.w.x.a.test."])
  })

  it("takes the root in the list as the name as it is, once, in its place", () => {
    assert.deepStrictEqual(candidates("www", ["a.test", ".", "b.test", ""]), ["www.a.test.", "www.", "www.b.test."])
    assert.deepStrictEqual(candidates("www.x", [".", "a.test"]), ["www.x.", "www.x.a.test."])
  })
})

describe("the verdict on a search list without records", () => {
  const failure = (reason: Reason, code: string) => new Failure(reason, code)
  const none = { kind: "no name" } as Answer
  const exists = { kind: "no record" } as Answer
  /** What each result lets the walk do, and what is said in the end; the results are of names in order. */
  const walk = (results: ReadonlyArray<Answer | Failure>, asItIs?: number) => {
    const verdict = new search.Verdict()
    const goesOn = results.map((result, i) => verdict.note(result, i === asItIs))
    return { goesOn, result: verdict.result }
  }

  it("goes on past what is not there and past a server's failure, and ends where nobody answers", () => {
    const refused = failure("Refused", "REFUSED")
    assert.deepStrictEqual(walk([none, exists, refused]).goesOn, [true, true, true])
    for (const end of [
      failure("Timeout", "ETIMEOUT"),
      failure("ServerFailure", "ECLOSED"),
      failure("ServerFailure", "EOVERLOADED")
    ]) {
      assert.deepStrictEqual(walk([end]).goesOn, [false], end.code)
    }
  })

  it("says what was found for the name as it is, whatever else there was", () => {
    assert.strictEqual(walk([exists, none, failure("Refused", "REFUSED")], 1).result, none)
  })

  it("else that a candidate exists without such records, else the first failure, else that there is no such name", () => {
    const refused = failure("Refused", "REFUSED")
    const later = { kind: "no record" } as Answer
    assert.strictEqual(walk([refused, none, exists, later]).result, exists)
    assert.strictEqual(walk([none, refused, failure("ServerFailure", "SERVFAIL"), none]).result, refused)
    const last = { kind: "no name" } as Answer
    assert.strictEqual(walk([none, last]).result, last)
  })
})
