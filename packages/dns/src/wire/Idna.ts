/**
 * Names as people write them: U-labels to A-labels and back, by UTS 46 (non-transitional; the `tr46` library). The octets
 * of a name are always what they were: this only reads and makes text.
 */
import { toASCII, toUnicode } from "tr46"
import * as Name from "./Name.ts"
import { TextError } from "./TextError.ts"

/** Which characters a name may have. */
export interface Options {
  /**
   * `host`: letters, digits and hyphens only, as host names have (STD 3). `any` also lets `_` and the like pass, as
   * service names have: so unless told.
   */
  readonly characters?: "host" | "any"
}

/**
 * Text with U-labels to a name: mapped to lower case and composed (UTS 46), then A-labels. Labels of ASCII are left as
 * they are, case and escapes too, so that any name's text comes back as that name; a label of other characters has no
 * escapes. Throws `TextError`.
 */
export const toName = (text: string, options: Options = {}): Name.Name => {
  if (isAscii(text)) return checked(Name.fromText(text), text, options)
  const labels = splitLabels(text)
  const ascii = labels.map((label) => (isAscii(label) ? label : aLabel(label, text, options)))
  return checked(Name.fromText(ascii.join(".")), text, options)
}

/**
 * A name as text with U-labels where its A-labels are good ones, absolute. A label that is not an A-label, or whose Unicode
 * would not lead back to it, stays as it is, escapes and all.
 */
export const toUnicodeText = (name: Name.Name): string => {
  const text = Name.toText(name)
  return /(^|\.)xn--/i.test(text) ? splitLabels(text).map(uLabel).join(".") : text
}

const strict = { checkBidi: true, checkHyphens: true, checkJoiners: true, transitionalProcessing: false } as const

const aLabel = (label: string, text: string, options: Options): string => {
  // UTS 46 knows no escapes: it would take the backslash and the digits for characters of the label.
  if (label.includes("\\")) {
    throw new TextError({ detail: `escape in label ${JSON.stringify(label)}, which is not ASCII` })
  }
  const ascii = toASCII(label, { ...strict, useSTD3ASCIIRules: options.characters === "host", verifyDNSLength: true })
  if (ascii === null || ascii.includes(".")) {
    throw new TextError({
      detail: `label ${JSON.stringify(label)} of ${JSON.stringify(text)} breaks the rules of UTS 46`
    })
  }
  return ascii
}

const uLabel = (label: string): string => {
  if (!/^xn--/i.test(label)) return label
  const { domain, error } = toUnicode(label, { ...strict, useSTD3ASCIIRules: false })
  if (error || /[.\\]/.test(domain)) return label
  return toASCII(domain, { ...strict, useSTD3ASCIIRules: false }) === label.toLowerCase() ? domain : label
}

const checked = (name: Name.Name, text: string, options: Options): Name.Name => {
  if (options.characters !== "host") return name
  for (const label of Name.labels(name)) {
    if (!/^[0-9a-z]([-0-9a-z]*[0-9a-z])?$/i.test(Buffer.from(label).toString("latin1"))) {
      throw new TextError({ detail: `not a host name: ${JSON.stringify(text)}` })
    }
  }
  return name
}

const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text)

/** At the dots of IDNA (RFC 3490 3.1), not those that are escaped; an empty label at the end is kept. */
const splitLabels = (text: string): ReadonlyArray<string> => {
  const labels = [""]
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (char === "\\") labels[labels.length - 1] += char + (text[++i] ?? "")
    else if (char === "." || char === "\u3002" || char === "\uff0e" || char === "\uff61") labels.push("")
    else labels[labels.length - 1] += char
  }
  return labels
}
