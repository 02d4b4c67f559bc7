/** Greetings, then TLS in the middle: SMTP (RFC 3207), IMAP and POP3 (RFC 2595). */
import * as Dialogue from "./Dialogue.ts"
import { tlsOf } from "./certificate.ts"
import type { Inspected, Request } from "./Inspected.ts"
import * as limits from "./limits.ts"
import * as Missing from "./missing.ts"
import { readable } from "./text.ts"

export const smtp = (request: Request): Dialogue.Dialogue<Inspected> =>
  converse(request, function* (ear) {
    yield* Dialogue.say("EHLO handoff.invalid\r\n")
    const offers = yield* smtpAnswer(ear)
    if (!offers.some((line) => /^250[ -]STARTTLS\b/i.test(line))) return false
    yield* Dialogue.say("STARTTLS\r\n")
    return (yield* smtpAnswer(ear)).at(-1)!.startsWith("220")
  })

export const imap = (request: Request): Dialogue.Dialogue<Inspected> =>
  converse(request, function* (ear) {
    yield* Dialogue.say("a STARTTLS\r\n")
    for (let count = 0; count < limits.lines; count++) {
      const line = yield* ear.line()
      if (line.startsWith("a ")) return /^a OK\b/i.test(line)
    }
    return false
  })

export const pop3 = (request: Request): Dialogue.Dialogue<Inspected> =>
  converse(request, function* (ear) {
    yield* Dialogue.say("STLS\r\n")
    return (yield* ear.line()).startsWith("+OK")
  })

/** The greeting is kept whatever comes after it. */
function* converse(
  request: Request,
  agree: (ear: Dialogue.Ear) => Dialogue.Dialogue<boolean>
): Dialogue.Dialogue<Inspected> {
  const ear = new Dialogue.Ear()
  const greeting = request.protocol === "smtp" ? yield* smtpAnswer(ear) : [yield* ear.line()]
  const says = readable(greeting[0]!)
  try {
    if (!(yield* agree(ear))) return { says, missing: "no-starttls" }
    // Octets that came before the handshake are not of it: somebody in between may have put them there (CVE-2011-0411).
    if (ear.octets.length > 0) return { says, missing: "no-tls" }
    const facts = tlsOf(yield* Dialogue.secure(), request.serverName ?? request.address)
    return facts === undefined ? { says, missing: "no-tls" } : { says, tls: facts }
  } catch (error) {
    return { says, missing: Missing.of(error) }
  }
}

/** All lines of an answer: the last has no hyphen after its code (RFC 5321 section 4.2.1). */
function* smtpAnswer(ear: Dialogue.Ear): Dialogue.Dialogue<ReadonlyArray<string>> {
  const lines: Array<string> = []
  while (lines.length < limits.lines) {
    const line = yield* ear.line()
    lines.push(line)
    if (!/^\d{3}-/.test(line)) return lines
  }
  throw new Dialogue.Broken("receive", "TooLong")
}
