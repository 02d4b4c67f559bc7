/** Messages in a stream: each after its length in two octets (RFC 1035 4.2.2, RFC 7766 8). */
import * as EncodeError from "./EncodeError.ts"
import * as limits from "./limits.ts"

/** The octets of a message with their length before them. Throws `EncodeError` over 65,535. */
export const frame = (message: Uint8Array): Uint8Array => frameAll([message])

/** Many messages as one piece, for one write. */
export const frameAll = (messages: ReadonlyArray<Uint8Array>): Uint8Array => {
  let length = 0
  for (const message of messages) {
    if (message.length > limits.messageOctets) EncodeError.fail("message over 65535 octets")
    length += message.length + 2
  }
  const octets = new Uint8Array(length)
  let at = 0
  for (const message of messages) {
    octets[at] = message.length >> 8
    octets[at + 1] = message.length
    octets.set(message, at + 2)
    at += message.length + 2
  }
  return octets
}

const none = new Uint8Array(0)

/**
 * Cuts a stream into messages, however it was cut into pieces. Messages that lie whole in one piece are views of it, so
 * pieces must not be written to afterwards. It keeps at most one unfinished message: 65,537 octets.
 */
export class Deframer {
  // Made when a piece first ends within a message; an idle connection costs nothing.
  private kept = none
  private have = 0

  /** Octets of an unfinished message: not zero at the end of a stream means that it was cut. */
  get pending(): number {
    return this.have
  }

  /** Takes the next piece and returns the messages that are whole now; none may be empty. */
  push(piece: Uint8Array): Array<Uint8Array> {
    const messages: Array<Uint8Array> = []
    let at = 0
    while (this.have > 0 && at < piece.length) {
      // First the rest of what an earlier piece began: its length, then itself.
      const kept = this.kept
      const want = this.have < 2 ? 2 : 2 + ((kept[0]! << 8) | kept[1]!)
      const taken = Math.min(want - this.have, piece.length - at)
      kept.set(piece.subarray(at, at + taken), this.have)
      this.have += taken
      at += taken
      if (this.have >= 2 && this.have === 2 + ((kept[0]! << 8) | kept[1]!)) {
        messages.push(kept.slice(2, this.have))
        this.have = 0
      }
    }
    while (at + 2 <= piece.length) {
      const end = at + 2 + ((piece[at]! << 8) | piece[at + 1]!)
      if (end > piece.length) break
      // As `subarray`, at two thirds of its cost.
      messages.push(new Uint8Array(piece.buffer as ArrayBuffer, piece.byteOffset + at + 2, end - at - 2))
      at = end
    }
    if (at < piece.length) {
      if (this.kept === none) this.kept = new Uint8Array(limits.messageOctets + 2)
      this.kept.set(piece.subarray(at))
      this.have = piece.length - at
    }
    return messages
  }
}
