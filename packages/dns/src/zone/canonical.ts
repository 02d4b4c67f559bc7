/**
 * Canonical octets of names and rdata: RFC 4034 6.2, with the list of types as RFC 6840 5.1 left it.
 *
 * Everything here works on uncompressed rdata, so it is the same for types that the codec has fields for and for those
 * that it gives as octets.
 */
import { Name } from "../wire/index.ts"

/** ASCII upper case to lower case. Length octets are under 64, so a whole wire name may be folded. */
export const fold = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet
)

/**
 * The wire form in lower case as a string of one character per octet. Equal exactly for equal names, and the key of an
 * ancestor is a tail of it: `key.slice(1 + firstLabelLength)`.
 */
export const keyOf = (name: Name.Name): string => {
  const octets = name.octets
  const lower = scratch.subarray(0, octets.length)
  for (let i = 0; i < octets.length; i++) lower[i] = fold[octets[i]!]!
  return lower.toString("latin1")
}

const scratch = Buffer.alloc(256)

/** The key of the parent of the name with this key; the root is its own parent. */
export const parentKey = (key: string): string => (key.length === 1 ? key : key.slice(key.charCodeAt(0) + 1))

/** The name that a key was made of, in lower case. */
export const nameOfKey = (key: string): Name.Name => Name.fromOctets(Uint8Array.from(Buffer.from(key, "latin1")))

/**
 * Where the names are in the rdata of the types that RFC 4034 6.2 lists: digits skip octets, `s` skips a character
 * string, `n` is a name. NSEC is not among them (RFC 6840 5.1) though RFC 4034 said so.
 */
const layouts = new Map<number, string>([
  [2, "n"], // NS
  [3, "n"], // MD
  [4, "n"], // MF
  [5, "n"], // CNAME
  [6, "nn"], // SOA
  [7, "n"], // MB
  [8, "n"], // MG
  [9, "n"], // MR
  [12, "n"], // PTR
  [14, "nn"], // MINFO
  [15, "2n"], // MX
  [17, "nn"], // RP
  [18, "2n"], // AFSDB
  [21, "2n"], // RT
  [24, "99n"], // SIG
  [26, "2nn"], // PX
  [30, "n"], // NXT
  [33, "6n"], // SRV
  [35, "4sssn"], // NAPTR
  [36, "2n"], // KX
  [39, "n"], // DNAME
  [46, "99n"] // RRSIG
])

/** Rdata with the names in it in lower case where the canonical form wants that; the same octets when nothing changes. */
export const canonicalRdata = (type: number, rdata: Uint8Array): Uint8Array => {
  const layout = layouts.get(type)
  if (layout === undefined) return rdata
  let out = rdata
  let at = 0
  for (const step of layout) {
    if (step === "s") at += rdata[at]! + 1
    else if (step !== "n") at += Number(step)
    else {
      const end = nameEnd(rdata, at)
      for (; at < end; at++) {
        const octet = fold[rdata[at]!]!
        if (octet === rdata[at]) continue
        if (out === rdata) out = Uint8Array.from(rdata)
        out[at] = octet
      }
    }
  }
  return out
}

/** Where the uncompressed name that starts at `at` ends; the end of the octets when it is cut. */
export const nameEnd = (octets: Uint8Array, at: number): number => {
  for (;;) {
    const length = octets[at]
    if (length === undefined || length > 63) return octets.length
    at += length + 1
    if (length === 0) return Math.min(at, octets.length)
  }
}

/** Octet order, a shorter prefix first: RFC 4034 6.3 orders the records of a set so. */
export const compareOctets = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b)

/** Whether both are the same octets in the same order. */
export const sameOctets = (a: ReadonlyArray<Uint8Array>, b: ReadonlyArray<Uint8Array>): boolean =>
  a.length === b.length && a.every((octets, i) => compareOctets(octets, b[i]!) === 0)
