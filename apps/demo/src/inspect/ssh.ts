/**
 * SSH as far as the host's key (RFC 4253): the key exchange is done for real and the signature is verified, so that the
 * key is that of whoever speaks, and nobody logs in.
 */
import * as Dialogue from "./Dialogue.ts"
import type { Inspected } from "./Inspected.ts"
import * as limits from "./limits.ts"
import * as Missing from "./missing.ts"
import * as Key from "./sshKey.ts"
import * as Wire from "./sshWire.ts"
import { readable } from "./text.ts"

const version = "SSH-2.0-handoff_survey"

export function* ssh(): Dialogue.Dialogue<Inspected> {
  const ear = new Dialogue.Ear()
  yield* Dialogue.say(`${version}\r\n`)
  let line = yield* ear.line()
  const says = readable(line)
  // A server may say other lines first (RFC 4253 section 4.2).
  for (let count = 1; !line.startsWith("SSH-"); count++) {
    if (count >= limits.lines) return { says, missing: "no-ssh" }
    try {
      line = yield* ear.line()
    } catch {
      return { says, missing: "no-ssh" }
    }
  }
  try {
    return { says: readable(line), ...(yield* exchange(ear, line)) }
  } catch (error) {
    // Octets that cannot be what they should be: a length that does not fit, a point that is on no curve.
    return { says: readable(line), missing: error instanceof Dialogue.Broken ? Missing.of(error) : "no-ssh" }
  }
}

function* exchange(ear: Dialogue.Ear, serverVersion: string): Dialogue.Dialogue<Inspected> {
  const offer = { kex: Object.keys(Wire.exchanges), hostKeys: Key.algorithms }
  const clientInit = Wire.kexInit(offer)
  yield* Dialogue.say(Wire.packet(clientInit))
  const serverInit = yield* payload(ear, Wire.message.kexInit)
  const theirs = Wire.readOffer(serverInit)
  const method = Wire.agree(offer.kex, theirs.kex)
  const algorithm = Wire.agree(offer.hostKeys, theirs.hostKeys)
  if (method === undefined || algorithm === undefined) return { missing: "no-common-algorithm" }
  const half = Wire.exchanges[method]!()
  yield* Dialogue.say(Wire.packet(Buffer.concat([Buffer.of(Wire.message.kexdhInit), half.shown])))
  const reply = new Wire.Reader(yield* payload(ear, Wire.message.kexdhReply), 1)
  const hostKey = reply.string()
  const shown = reply.string()
  const signature = reply.string()
  const hash = Wire.exchangeHash({
    hash: half.hash,
    clientVersion: version,
    serverVersion,
    clientInit,
    serverInit,
    hostKey,
    clientShown: half.shown,
    serverShown: half.written(shown),
    secret: half.secret(shown)
  })
  if (!Key.verifies(hostKey, algorithm, hash, signature)) return { missing: "bad-signature" }
  return { hostKey: Key.describe(hostKey) }
}

/** The next packet's payload, which must be of this kind; a few others may come before it. */
export function* payload(ear: Dialogue.Ear, wanted: number): Dialogue.Dialogue<Buffer> {
  for (let count = 0; count < limits.lines; count++) {
    const length = (yield* ear.take(4)).readUInt32BE(0)
    if (length < 2 || length > limits.packetOctets) throw new RangeError(`a packet of ${length} octets`)
    const packet = yield* ear.take(length)
    const payload = packet.subarray(1, length - packet[0]!)
    if (payload[0] === wanted) return Buffer.from(payload)
    if (payload[0] !== Wire.message.ignore && payload[0] !== Wire.message.debug) break
  }
  throw new RangeError(`no packet of kind ${wanted}`)
}
