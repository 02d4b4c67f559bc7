/**
 * Domain names as octets: case and every octet are kept, nothing is decoded to Unicode.
 *
 * A `Name` is absolute and holds its wire form (length octet, label, ..., 0). Text is the presentation format of RFC 1035
 * 5.1 and RFC 4343 2.1: `\.` is a dot inside a label, `\DDD` any octet. Two names are equal when they differ only in the
 * case of ASCII letters; `key` gives a string that is equal exactly then.
 */
import { fail } from "./DecodeError.ts"
import * as limits from "./limits.ts"
import type { Reader } from "./Reader.ts"
import * as TextError from "./TextError.ts"

export class Name {
  /** The wire form, uncompressed, with the root's zero. Not to be written to. */
  readonly octets: Uint8Array
  /** @internal Absolute text, once asked for. */
  text: string | undefined = undefined
  /** @internal `text` in lower case. */
  lower: string | undefined = undefined
  /** @internal Which message a writer last wrote this name in, and where: the fast path of compression. */
  writtenIn = 0
  writtenAt = 0

  /** @internal Use `fromText`, `fromLabels`, `fromOctets`. */
  constructor(octets: Uint8Array) {
    this.octets = octets
  }

  toString(): string {
    return toText(this)
  }

  toJSON(): string {
    return toText(this)
  }
}

/** Whether a value is a `Name`. */
export const isName = (u: unknown): u is Name => u instanceof Name

/** The name of the root, `.`. */
export const root = new Name(new Uint8Array(1))

/** Presentation text, absolute: ends in a dot. */
export const toText = (self: Name): string => (self.text ??= print(self.octets))

/** Text in lower case: equal for equal names, so the key to put a name in a `Map`. */
export const key = (self: Name): string => (self.lower ??= toText(self).toLowerCase())

/** Presentation text without the final dot (the root is still `.`). */
export const toTextUndotted = (self: Name): string => {
  const text = toText(self)
  return text === "." ? text : text.slice(0, -1)
}

/** Text relative to `origin`: `@` for the origin itself, absolute when not below it. */
export const toTextRelative = (self: Name, origin: Name): string => {
  if (!isSubdomainOf(self, origin)) return toText(self)
  if (self.octets.length === origin.octets.length) return "@"
  if (origin.octets.length === 1) return toTextUndotted(self)
  const head = new Uint8Array(self.octets.length - origin.octets.length + 1)
  head.set(self.octets.subarray(0, head.length - 1))
  return print(head).slice(0, -1)
}

/**
 * Reads presentation text. Without a final dot the name is completed with `origin` (the root when not given).
 *
 * Throws `TextError` for an empty or overlong label, a name over 255 octets, a bad escape, or a character outside ASCII
 * (see `@handoff/dns/wire/idna` for those).
 */
export const fromText = (text: string, origin: Name = root): Name => {
  if (text === "@") return origin
  if (text === ".") return root
  if (text.length === 0) return TextError.fail("empty name")
  let length = 1 // where the next octet goes; scratch[labelStart] will hold the label's length
  let labelStart = 0
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i)
    if (code === 0x2e) {
      endLabel(text, labelStart, length)
      labelStart = length++
      continue
    }
    if (code === 0x5c) {
      const next = text.charCodeAt(i + 1)
      if (isDigit(next)) {
        code = Number(text.slice(i + 1, i + 4))
        if (!(code <= 255) || !isDigit(text.charCodeAt(i + 2)) || !isDigit(text.charCodeAt(i + 3))) {
          return TextError.fail(`bad escape in name ${JSON.stringify(text)}`)
        }
        i += 3
      } else if (next >= 0x21 && next <= 0x7e) {
        code = next
        i++
      } else return TextError.fail(`bad escape in name ${JSON.stringify(text)}`)
    } else if (code > 0x7e || code < 0x21) {
      if (code > 0x7f)
        return TextError.fail(
          `character outside ASCII in name ${JSON.stringify(text)}: Idna.toName of @handoff/dns/wire/idna takes it`
        )
      return TextError.fail(`octet ${code} must be written \\${String(code).padStart(3, "0")} in a name`)
    }
    // Past its end nothing is written; what is too long is found at the end of the label.
    scratch[length++] = code
  }
  if (length === labelStart + 1) {
    // the text ended in an unescaped dot: absolute
    scratch[labelStart] = 0
    return new Name(scratch.slice(0, length))
  }
  endLabel(text, labelStart, length)
  if (origin === root) {
    scratch[length] = 0
    return new Name(scratch.slice(0, length + 1))
  }
  const tail = origin.octets
  if (length + tail.length > limits.nameOctets) return TextError.fail(`name over 255 octets: ${JSON.stringify(text)}`)
  const octets = new Uint8Array(length + tail.length)
  octets.set(scratch.subarray(0, length))
  octets.set(tail, length)
  return new Name(octets)
}

const endLabel = (text: string, labelStart: number, length: number): void => {
  const octets = length - labelStart - 1
  if (octets === 0) TextError.fail(`empty label in name ${JSON.stringify(text)}`)
  if (octets > limits.labelOctets) TextError.fail(`label over 63 octets in name ${JSON.stringify(text)}`)
  if (length >= limits.nameOctets) TextError.fail(`name over 255 octets: ${JSON.stringify(text)}`)
  scratch[labelStart] = octets
}

/** A name from its labels, leftmost first; the root's empty label is not given. Throws `TextError`. */
export const fromLabels = (labels: ReadonlyArray<Uint8Array>): Name => {
  let length = 1
  for (const label of labels) {
    if (label.length === 0) return TextError.fail("empty label")
    if (label.length > limits.labelOctets) return TextError.fail("label over 63 octets")
    length += label.length + 1
  }
  if (length > limits.nameOctets) return TextError.fail("name over 255 octets")
  const octets = new Uint8Array(length)
  let at = 0
  for (const label of labels) {
    octets[at] = label.length
    octets.set(label, at + 1)
    at += label.length + 1
  }
  return new Name(octets)
}

/** A name from its uncompressed wire form, copied. Throws `DecodeError`. */
export const fromOctets = (octets: Uint8Array): Name => {
  let at = 0
  for (;;) {
    const length = octets[at]
    if (length === undefined) return fail("label", at, "name without its root")
    if (length > limits.labelOctets) return fail("label", at, "label over 63 octets or compressed")
    at += length + 1
    if (at > limits.nameOctets) return fail("name", 0, "name over 255 octets")
    if (length === 0) break
  }
  if (at !== octets.length) return fail("trailing", at, "octets after the name")
  return new Name(Uint8Array.from(octets))
}

/** The labels, leftmost first, as views; the root has none. */
export const labels = (self: Name): Array<Uint8Array> => {
  const octets = self.octets
  const out: Array<Uint8Array> = []
  for (let at = 0; octets[at] !== 0; at += octets[at]! + 1) out.push(octets.subarray(at + 1, at + 1 + octets[at]!))
  return out
}

/** How many labels, the root's not counted (RFC 4034 3.1.3 counts so, less a leading `*`). */
export const countLabels = (self: Name): number => {
  let count = 0
  for (let at = 0; self.octets[at] !== 0; at += self.octets[at]! + 1) count++
  return count
}

/** Whether it is the root's name. */
export const isRoot = (self: Name): boolean => self.octets.length === 1

/** Whether the leftmost label is `*` (RFC 4592 2.1.1). */
export const isWildcard = (self: Name): boolean => self.octets[0] === 1 && self.octets[1] === 0x2a

/** The name without its leftmost label; the root is its own parent. */
export const parent = (self: Name): Name => (isRoot(self) ? self : new Name(self.octets.slice(self.octets[0]! + 1)))

/** `self` followed by `suffix`; throws `TextError` when that is over 255 octets. */
export const concat = (self: Name, suffix: Name): Name => {
  const length = self.octets.length - 1
  if (length + suffix.octets.length > limits.nameOctets) return TextError.fail("name over 255 octets")
  const octets = new Uint8Array(length + suffix.octets.length)
  octets.set(self.octets.subarray(0, length))
  octets.set(suffix.octets, length)
  return new Name(octets)
}

/** Whether both are the same name, ASCII case aside (RFC 4343). */
export const equals = (self: Name, that: Name): boolean => {
  if (self === that) return true
  const a = self.octets
  const b = that.octets
  return a.length === b.length && equalTail(a, b, 0)
}

/** Whether both are the same octets, case included. */
export const identical = (self: Name, that: Name): boolean => {
  const a = self.octets
  const b = that.octets
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Whether `self` is `ancestor` or below it. */
export const isSubdomainOf = (self: Name, ancestor: Name): boolean => {
  const a = self.octets
  const b = ancestor.octets
  let at = 0
  while (a.length - at > b.length) at += a[at]! + 1
  return a.length - at === b.length && equalTail(a, b, at)
}

// Length octets are under 64, so folding them as if they were text changes nothing.
const equalTail = (a: Uint8Array, b: Uint8Array, from: number): boolean => {
  for (let i = 0; i < b.length; i++) {
    const x = a[from + i]!
    const y = b[i]!
    if (x !== y && fold[x] !== fold[y]) return false
  }
  return true
}

/** The canonical order of RFC 4034 6.1: label by label from the right, as octets in lower case, a shorter label first. */
export const compare = (self: Name, that: Name): -1 | 0 | 1 => {
  if (self === that) return 0
  const a = self.octets
  const b = that.octets
  let left = labelStarts(a, startsA)
  let right = labelStarts(b, startsB)
  while (left > 0 && right > 0) {
    const x = startsA[--left]!
    const y = startsB[--right]!
    const m = a[x]!
    const n = b[y]!
    for (let i = 1; i <= m && i <= n; i++) {
      const difference = fold[a[x + i]!]! - fold[b[y + i]!]!
      if (difference !== 0) return difference < 0 ? -1 : 1
    }
    if (m !== n) return m < n ? -1 : 1
  }
  return left === right ? 0 : left < right ? -1 : 1
}

/** The name in lower case: the canonical form of RFC 4034 6.2. */
export const toLowerCase = (self: Name): Name => {
  const octets = self.octets
  for (let i = 0; i < octets.length; i++) {
    if (fold[octets[i]!] !== octets[i]) return new Name(octets.map((octet) => fold[octet]!))
  }
  return self
}

/**
 * @internal Reads a name, following pointers, and leaves the reader after its last octet in place. Throws `DecodeError`.
 *
 * Every pointer must point before the labels it was found after, so a loop cannot be, and a forward pointer neither.
 */
export const read = (reader: Reader): Name => {
  const octets = reader.octets
  let at = reader.offset
  let limit = reader.end
  let segment = at
  let pointers = 0
  let length = 0
  let first = -1 // the offset the name is known by, once its leading pointers are followed
  const ring = reader.names
  for (;;) {
    if (at >= limit) return fail("label", limit, "name runs past the end")
    const octet = octets[at]!
    if (octet >= 0xc0) {
      if (at + 1 >= limit) return fail("label", at, "pointer runs past the end")
      const target = ((octet & 0x3f) << 8) | octets[at + 1]!
      if (target >= segment) return fail("pointer", at, `pointer to ${target}, not before the name`)
      if (pointers++ === 0) reader.offset = at + 2
      if (pointers > limits.pointersPerName) return fail("pointers", at, "too many pointers in one name")
      at = segment = target
      limit = octets.length
      continue
    }
    if (octet > limits.labelOctets) return fail("label", at, "reserved label type")
    if (first < 0) {
      first = at
      if (ring !== undefined) {
        const known = ring.get(at)
        // Known means checked, from this very offset; where it ends in place must still be found.
        if (known !== undefined && pointers > 0) return known
      }
    }
    const end = at + 1 + octet
    if (octet === 0) {
      scratch[length++] = 0
      if (pointers === 0) reader.offset = end
      break
    }
    if (end > limit) return fail("label", at, "label runs past the end")
    if (length + octet + 2 > limits.nameOctets) return fail("name", at, "name over 255 octets")
    while (at < end) scratch[length++] = octets[at++]!
  }
  const name = length === 1 ? root : new Name(scratch.slice(0, length))
  if (ring !== undefined) ring.set(first, name)
  return name
}

/** @internal Checks a name as `read` does and moves past it, without making anything. */
export const skip = (reader: Reader): void => {
  const octets = reader.octets
  let at = reader.offset
  let limit = reader.end
  let segment = at
  let pointers = 0
  let length = 1
  let steps = 0
  for (;;) {
    if (at >= limit) return fail("label", limit, "name runs past the end")
    steps++
    const octet = octets[at]!
    if (octet === 0) {
      if (pointers === 0) reader.offset = at + 1
      break
    }
    if (octet <= limits.labelOctets) {
      length += octet + 1
      at += octet + 1
      if (length > limits.nameOctets) return fail("name", at, "name over 255 octets")
    } else if (octet >= 0xc0) {
      if (at + 1 >= limit) return fail("label", at, "pointer runs past the end")
      const target = ((octet & 0x3f) << 8) | octets[at + 1]!
      if (target >= segment) return fail("pointer", at, `pointer to ${target}, not before the name`)
      if (pointers++ === 0) reader.offset = at + 2
      if (pointers > limits.pointersPerName) return fail("pointers", at, "too many pointers in one name")
      at = segment = target
      limit = octets.length
    } else return fail("label", at, "reserved label type")
  }
  reader.steps -= steps
  if (reader.steps < 0) fail("pointers", reader.offset, "too many labels and pointers in one message")
}

const scratch = new Uint8Array(limits.nameOctets + 1)
const startsA = new Uint8Array(128)
const startsB = new Uint8Array(128)

const labelStarts = (octets: Uint8Array, into: Uint8Array): number => {
  let count = 0
  for (let at = 0; octets[at] !== 0; at += octets[at]! + 1) into[count++] = at
  return count
}

/** ASCII upper case to lower case, all else as it is. */
const fold = Uint8Array.from({ length: 256 }, (_, octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet))

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** How an octet is written inside a label: as it is, `\.`, or `\DDD`. */
const written: ReadonlyArray<string> = Array.from({ length: 256 }, (_, octet) => {
  const char = String.fromCharCode(octet)
  if (octet <= 0x20 || octet >= 0x7f) return `\\${String(octet).padStart(3, "0")}`
  return '."$();@\\'.includes(char) ? `\\${char}` : char
})

const needsEscape = Uint8Array.from(written, (text) => (text.length === 1 ? 0 : 1))

const textScratch = Buffer.alloc(limits.nameOctets) as Buffer & Latin1

/** What `toString("latin1")` calls after checks that cost as much as itself; public, but not in Node's types. */
interface Latin1 {
  latin1Slice(start: number, end: number): string
}

const print = (octets: Uint8Array): string => {
  const length = octets.length
  if (length === 1) return "."
  // One pass and one native call when nothing needs an escape: length octets become dots.
  let plain = true
  let labelEnd = 0
  for (let at = 0; at < length; at++) {
    const octet = octets[at]!
    if (at === labelEnd) {
      textScratch[at] = 0x2e
      labelEnd = at + octet + 1
    } else {
      if (needsEscape[octet] === 1) {
        plain = false
        break
      }
      textScratch[at] = octet
    }
  }
  if (plain) return textScratch.latin1Slice(1, length)
  let text = ""
  for (let at = 0; octets[at] !== 0;) {
    const end = at + octets[at]! + 1
    while (++at < end) text += written[octets[at]!]
    text += "."
  }
  return text
}
