/**
 * Who may ask. Pure decisions about one request:
 *
 * - `Host` must be an address, `localhost`, or a name that the server was told: a page of somebody else's whose name has
 *   been pointed at this machine (DNS rebinding) comes with its own name.
 * - `Origin` and `Sec-Fetch-Site`, where there are any, must be this server's: other pages may not ask in the name of
 *   whoever sits at the browser (CSRF). Without them only a token in the header will change anything, never a cookie.
 * - The token comes in the address once, for the cookie, and from programs as `Authorization: Bearer`.
 */
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import { createHash, timingSafeEqual } from "node:crypto"

export interface Request {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly cookies: Readonly<Record<string, string | undefined>>
}

export interface Policy {
  readonly token: string
  /** Of the cookie: browsers do not tell cookies of one machine's ports apart. */
  readonly cookie: string
  /** Names besides `localhost` that the server may be called by. */
  readonly names: ReadonlyArray<string>
}

export type Verdict =
  | { readonly _tag: "Welcome" }
  /** The token was in the address: it belongs into the cookie, and the address without it into the browser. */
  | { readonly _tag: "Enter"; readonly location: string }
  | { readonly _tag: "Refused"; readonly status: 401 | 403 | 421; readonly why: string }

export const judge = (request: Request, policy: Policy): Verdict => {
  const { headers, method } = request
  const host = headers["host"] ?? ""
  if (!isOurName(host, policy.names)) {
    return refused(
      421,
      `this server does not go by the name ${JSON.stringify(host)}; use its address, or start it with --name`
    )
  }
  const isRead = method === "GET" || method === "HEAD"
  const isNavigation = isRead && headers["sec-fetch-mode"] === "navigate"
  const site = headers["sec-fetch-site"]
  if (site !== undefined && site !== "same-origin" && site !== "none" && !isNavigation) {
    return refused(403, "another page may not ask in your name")
  }
  const origin = headers["origin"]
  if (origin !== undefined && !isOurOrigin(origin, host))
    return refused(403, `the page ${origin} may not ask in your name`)
  const bearer = /^Bearer +(\S+)$/i.exec(headers["authorization"] ?? "")?.[1]
  if (bearer !== undefined) return isEqual(bearer, policy.token) ? welcome : refused(401, "the token is wrong")
  const url = URL.parse(request.url, somewhere) ?? new URL(somewhere)
  const inAddress = url.searchParams.get("token")
  if (isRead && inAddress !== null) {
    if (!isEqual(inAddress, policy.token)) return refused(401, "the token in the address is wrong")
    url.searchParams.delete("token")
    // Two slashes in front would name another server.
    return { _tag: "Enter", location: url.pathname.replace(/^\/+/, "/") + url.search }
  }
  const cookie = request.cookies[policy.cookie]
  if (cookie === undefined) return refused(401, "there is no token")
  if (!isEqual(cookie, policy.token)) return refused(401, "the token is that of another server, perhaps an earlier one")
  if (!isRead && origin === undefined) return refused(403, "a change without an Origin needs the token in its header")
  return welcome
}

/** What paths are read against; what is no path has no token. */
const somewhere = "http://server.invalid"

const welcome: Verdict = { _tag: "Welcome" }

const refused = (status: 401 | 403 | 421, why: string): Verdict => ({ _tag: "Refused", status, why })

/** Whether a `Host` names this server by address or by a name it knows. An address cannot be pointed elsewhere. */
export const isOurName = (host: string, names: ReadonlyArray<string>): boolean => {
  const match = /^(\[[\da-f:.]+\]|[^[\]:/@\s]+)(?::\d{1,5})?$/i.exec(host)
  if (match === null) return false
  const name = match[1]!.toLowerCase().replace(/\.$/, "")
  if (name === "localhost" || names.some((known) => known.toLowerCase() === name)) return true
  return Result.isSuccess(NetAddress.ipFromString(name.replace(/^\[|\]$/g, "")))
}

/** Whether an `Origin` is that of the page which this `Host` serves; a proxy in front may have made it https. */
const isOurOrigin = (origin: string, host: string): boolean =>
  origin === `http://${host}` || origin === `https://${host}`

/** In constant time: hashes of equal length are compared, so that not even the length of the secret shows. */
const isEqual = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest()
