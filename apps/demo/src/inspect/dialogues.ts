/** The dialogue of each protocol. To add one: its name in `Inspected.protocols`, its line here. */
import type * as Dialogue from "./Dialogue.ts"
import * as Https from "./https.ts"
import type { Inspected, Protocol, Request } from "./Inspected.ts"
import { ssh } from "./ssh.ts"
import * as StartTls from "./startTls.ts"

const dialogues: Readonly<Record<Protocol, (request: Request) => Dialogue.Dialogue<Inspected>>> = {
  https: Https.https,
  tls: Https.tls,
  ssh,
  smtp: StartTls.smtp,
  imap: StartTls.imap,
  pop3: StartTls.pop3
}

export const start = (request: Request): Dialogue.Dialogue<Inspected> => dialogues[request.protocol](request)
