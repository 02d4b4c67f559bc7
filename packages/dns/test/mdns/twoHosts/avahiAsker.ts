/** Asks the link for what Avahi has, and prints what it found as JSON. */
import { browse, query } from "@handoff/dns/mdns"
import { Name, RecordText } from "@handoff/dns/wire"
import * as Effect from "effect/Effect"

const options = { interface: process.argv[2]!, wait: 20_000 }

const program = Effect.gen(function* () {
  const found = yield* query("printer.local.", "A", options)
  const byIPv6 = yield* query("printer.local.", "AAAA", { ...options, family: 6 })
  // Longer than a second: it has to be asked again, which Avahi takes only without the answers that are known.
  const services = yield* browse("_ipp._tcp.local.", { ...options, wait: 2_500 })
  return {
    addresses: found.answers.map((record) => RecordText.print(record)).map((line) => line.replace(/ \d+ /, " ")),
    byIPv6: byIPv6.answers.map((record) => RecordText.print(record)).some((line) => line.endsWith(" fe80::2")),
    services: services.map(({ addresses, host, instance, port, text }) => ({
      addresses: addresses.filter((address) => ["192.0.2.2", "fe80::2%here"].includes(address)).toSorted(),
      host: Name.toText(host),
      instance: Name.toText(instance),
      port,
      text
    }))
  }
})

console.log(JSON.stringify(await Effect.runPromise(program)))
process.exit()
