/** Character strings (RFC 1035 3.3): octets, and the text that people and zone files write for them. */
import * as EncodeError from "./EncodeError.ts"
import * as limits from "./limits.ts"

/** Octets as text of one character each, lossless. */
export const fromLatin1 = (octets: Uint8Array): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1")

/** The octets of text of one character each. Throws `EncodeError` for a character over 255. */
export const toLatin1 = (text: string): Uint8Array => {
  const octets = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff) EncodeError.fail(`character over one octet in ${JSON.stringify(text)}`)
    octets[i] = code
  }
  return octets
}

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** Octets as UTF-8 text; what is not UTF-8 becomes U+FFFD. */
export const utf8 = (octets: Uint8Array): string => decoder.decode(octets)

/** UTF-8 text as octets, for one character string. */
export const fromUtf8 = (text: string): Uint8Array => encoder.encode(text)

/** UTF-8 text cut into as many character strings as it needs. */
export const chunk = (text: string): ReadonlyArray<Uint8Array> => {
  const octets = encoder.encode(text)
  const chunks: Array<Uint8Array> = []
  for (let at = 0; at === 0 || at < octets.length; at += limits.stringOctets) {
    chunks.push(octets.subarray(at, at + limits.stringOctets))
  }
  return chunks
}

const quoted: ReadonlyArray<string> = Array.from({ length: 256 }, (_, octet) =>
  octet === 0x22 || octet === 0x5c
    ? `\\${String.fromCharCode(octet)}`
    : octet < 0x20 || octet > 0x7e
      ? `\\${String(octet).padStart(3, "0")}`
      : String.fromCharCode(octet)
)

/** Octets in quotes, escaped as RFC 1035 5.1 says. */
export const quote = (octets: Uint8Array): string => {
  let text = '"'
  for (let i = 0; i < octets.length; i++) text += quoted[octets[i]!]!
  return `${text}"`
}

/** The octets that escaped text stands for; undefined for a bad escape. */
export const unescapeText = (text: string): Uint8Array | undefined => {
  const octets = new Uint8Array(text.length * 3)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i)
    if (code > 0x7f) {
      const point = text.codePointAt(i)!
      if (point > 0xffff) i++
      length += encoder.encodeInto(String.fromCodePoint(point), octets.subarray(length)).written
      continue
    }
    if (code === 0x5c) {
      const digits = /^[0-9]{3}/.exec(text.slice(i + 1, i + 4))
      if (digits !== null) {
        code = Number(digits[0])
        if (code > 255) return undefined
        i += 3
      } else {
        code = text.charCodeAt(++i)
        if (!(code <= 0x7f) || (code >= 0x30 && code <= 0x39)) return undefined
      }
    }
    octets[length++] = code
  }
  return octets.slice(0, length)
}
