/** TLS from the first octet, and HTTP in it where that is wanted. */
import * as Dialogue from "./Dialogue.ts"
import { tlsOf } from "./certificate.ts"
import type { Inspected, Request } from "./Inspected.ts"
import * as Missing from "./missing.ts"
import * as Page from "./page.ts"

export function* tls(request: Request): Dialogue.Dialogue<Inspected> {
  const facts = tlsOf(yield* Dialogue.secure(), request.serverName ?? request.address)
  return facts === undefined ? { missing: "no-tls" } : { tls: facts }
}

export function* https(request: Request): Dialogue.Dialogue<Inspected> {
  const found = yield* tls(request)
  const ear = new Dialogue.Ear()
  try {
    yield* Dialogue.say(Page.request("GET", request.serverName ?? request.address, request.port, 443))
    while (!Page.isEnough(ear.octets) && (yield* ear.more()));
  } catch (error) {
    // A page that breaks off may have shown its title before.
    if (ear.octets.length === 0) return { ...found, missing: Missing.of(error) }
  }
  return ear.octets.length === 0 ? { ...found, missing: "closed" } : { ...found, ...Page.read(ear.octets) }
}
