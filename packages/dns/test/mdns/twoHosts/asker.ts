/** Asks the link for what the responder has, and prints what it found as JSON. */
import { connect } from "node:net"
import { browse, type Found, type MdnsError, type Options, query } from "@handoff/dns/mdns"
import * as Effect from "effect/Effect"

const on = process.argv[2]!
const count = (found: Effect.Effect<Found, MdnsError>) => Effect.map(found, ({ answers }) => answers.length)
/** For what is there, so long that a machine under load is no reason; for what is not, so long that an answer would be here. */
const [long, short]: ReadonlyArray<Options> = [{ wait: 20_000 }, { wait: 1_500 }]

const greet = (address: string, port: number) =>
  Effect.callback<string>((resume) => {
    const socket = connect(port, address)
    socket.once("data", (octets) => resume(Effect.succeed(octets.toString())))
    socket.once("error", (error) => resume(Effect.succeed(error.message)))
  })

const program = Effect.gen(function* () {
  const found = yield* Effect.all(
    {
      four: count(query("four.local.", "A", long)),
      six: count(query("six.local.", "AAAA", long)),
      sixByName: count(query("six.local.", "AAAA", { ...long, interface: on, family: 6 })),
      sixByAddress: count(query("six.local.", "AAAA", { ...long, interface: "fe80::1" })),
      both: count(query("both.local.", "A", { ...short, first: false })),
      sixWithoutIPv6: count(query("six.local.", "AAAA", { ...short, family: 4 })),
      fourWithoutIPv4: count(query("four.local.", "A", { ...short, family: 6 })),
      far: count(query("far.local.", "A", short))
    },
    { concurrency: "unbounded" }
  )
  const [service] = yield* browse("_greet._tcp.local.", { wait: 3_000 })
  const greeting = yield* greet(service!.addresses[0]!, service!.port)
  return { found, addresses: service!.addresses, text: service!.text, greeting }
})

console.log(JSON.stringify(await Effect.runPromise(program)))
process.exit()
