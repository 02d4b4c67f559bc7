/** An Effect program that knows nothing of Handoff: it uses the names service that Effect defines. */
import * as Effect from "effect/Effect"
import * as AddressResolver from "effect/net/AddressResolver"
import * as NetAddress from "effect/net/NetAddress"

/** Where a service is, in the resolver's order. */
export const locate = (service: string) =>
  Effect.gen(function* () {
    const resolver = yield* AddressResolver.AddressResolver
    const addresses = yield* resolver.resolve(service)
    return addresses.map(NetAddress.formatInet)
  })
