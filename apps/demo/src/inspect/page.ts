/** A page asked for by HTTP/1.1 (RFC 9112), and what comes of it: the status line and the title. */
import * as limits from "./limits.ts"
import { latin1, readable } from "./text.ts"

export interface Page {
  readonly says: string
  readonly title?: string
}

/** The name of an address in a `Host` header has brackets if it is IPv6 (RFC 9110 section 7.2). */
export const request = (method: "GET" | "HEAD", host: string, port: number, usual: number): string => {
  const name = host.includes(":") ? `[${host}]` : host
  return `${method} / HTTP/1.1\r\nHost: ${port === usual ? name : `${name}:${port}`}\r\nUser-Agent: handoff-survey\r\nAccept: text/html, */*\r\nConnection: close\r\n\r\n`
}

/** Where a title ends: as far as a page has to be read. */
export const titleEnd = new Uint8Array(Buffer.from("</title>"))

/** Whether what has come is enough: the title, or the end of a page whose length is known. */
export const isEnough = (octets: Uint8Array): boolean => {
  const { body, head } = split(latin1(octets))
  if (body === undefined) return false
  if (/<\/title\s*>/i.test(body) || body.length >= limits.pageOctets) return true
  if (/^HTTP\/\S+ (?:1\d\d|204|304)\b/.test(head)) return true
  const length = /^content-length:\s*(\d+)\s*$/im.exec(head)
  return length !== null && body.length >= Number(length[1])
}

/** Reads an answer, of which the end may be missing. */
export const read = (octets: Uint8Array): Page => {
  const { body, head } = split(latin1(octets))
  const says = readable(head.slice(0, end(head, "\n")).replace(/\r$/, ""))
  const title =
    body === undefined ? undefined : titleOf(/^transfer-encoding:.*chunked/im.test(head) ? unchunk(body) : body)
  return title === undefined ? { says } : { says, title }
}

const split = (text: string): { readonly head: string; readonly body: string | undefined } => {
  const match = /\r?\n\r?\n/.exec(text)
  return match === null
    ? { head: text, body: undefined }
    : { head: text.slice(0, match.index), body: text.slice(match.index + match[0].length) }
}

/** Chunks (RFC 9112 section 7.1) as one text, as far as they have come. */
const unchunk = (body: string): string => {
  let text = ""
  let at = 0
  for (;;) {
    const line = body.indexOf("\n", at)
    const size = Number.parseInt(body.slice(at, line), 16)
    if (line < 0 || !(size > 0)) return text
    text += body.slice(line + 1, line + 1 + size)
    at = line + 1 + size + 2
  }
}

const titleOf = (body: string): string | undefined => {
  const text = /<title(?:\s[^>]*)?>([^<]*)/i.exec(body)?.[1]
  if (text === undefined) return undefined
  const words = readable(unescape(text).replaceAll(/\s+/g, " ").trim())
  return words === "" ? undefined : words.slice(0, limits.titleCharacters)
}

/** The few entities that titles have. */
const unescape = (text: string): string =>
  text.replaceAll(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => entities[name] ?? "")

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: " " }

const end = (text: string, mark: string): number => {
  const at = text.indexOf(mark)
  return at < 0 ? text.length : at
}
