/** Why a runner or a submitter could not start: what was tried, and what to do about it. Nothing has started. */
import * as Schema from "effect/Schema"
import type { SocketServerError } from "effect/socket/SocketServer"
import type { SqlError } from "effect/sql/SqlError"

export class ClusterUnavailable extends Schema.TaggedError<ClusterUnavailable>()("ClusterUnavailable", {
  reason: Schema.Literals([
    /** The caller's fault: not the URL of a PostgreSQL database. */
    "BadUrl",
    /** The caller's fault: the cluster's name cannot begin a table's. */
    "BadName",
    /** Nobody answers there. */
    "Unreachable",
    /** The server does not know the user, or the password is another. */
    "Refused",
    /** The server has no database of that name. */
    "NoDatabase",
    /** The user may not create the cluster's tables. */
    "NoRights",
    /** The address to listen on is taken or not this machine's. */
    "CannotListen",
    "Unknown"
  ]),
  /** The database or the address, without a password. */
  where: Schema.String,
  /** What the system or the server said. */
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `${this.where}: ${this.detail}; ${advice[this.reason]}`
  }
}

const advice: Readonly<Record<ClusterUnavailable["reason"], string>> = {
  BadUrl: "give it as postgres://user:password@host:5432/database",
  BadName: "use small letters, digits and underscores, at most 40",
  Unreachable: "start PostgreSQL there, or correct host and port",
  Refused: "correct user and password, or let the user in (pg_hba.conf)",
  NoDatabase: "create it: createdb --owner USER DATABASE",
  NoRights: "let the user create tables in it, or make it the database's owner",
  CannotListen: "choose another port or host for this runner, or end what holds it",
  Unknown: "see the cause"
}

/** A database's URL without its password; for errors and logs. */
export const withoutPassword = (url: string): string => {
  try {
    const parsed = new URL(url)
    if (parsed.password !== "") parsed.password = "***"
    return parsed.toString()
  } catch {
    return "the database URL"
  }
}

/** The URL's fault, or undefined. */
export const faultOfUrl = (url: string): ClusterUnavailable | undefined => {
  const isRight =
    URL.canParse(url) && ["postgres:", "postgresql:"].includes(new URL(url).protocol) && new URL(url).hostname !== ""
  return isRight
    ? undefined
    : new ClusterUnavailable({
        reason: "BadUrl",
        where: withoutPassword(url),
        detail: "not the URL of a PostgreSQL database"
      })
}

export const ofSql = (url: string, error: SqlError): ClusterUnavailable => {
  const { code, detail } = said(error)
  return new ClusterUnavailable({ reason: reasonOf(error, code), where: withoutPassword(url), detail, cause: error })
}

/** By PostgreSQL's error codes (its manual, appendix A), else by Effect's own word. */
const reasonOf = (error: SqlError, code: string | undefined): ClusterUnavailable["reason"] => {
  if (code === "3D000") return "NoDatabase"
  if (code?.startsWith("28") === true) return "Refused"
  if (code === "42501") return "NoRights"
  switch (error.reason._tag) {
    case "AuthenticationError":
      return "Refused"
    case "AuthorizationError":
      return "NoRights"
    case "ConnectionError":
      return "Unreachable"
    default:
      return "Unknown"
  }
}

/** The innermost words of an error and its causes: what the system or the server said. */
export const wordsOf = (error: unknown): string => said(error).detail

/** The innermost words, and the code of whoever said them. */
const said = (error: unknown): { readonly code?: string; readonly detail: string } => {
  let code: string | undefined
  let detail = ""
  for (let one: any = error, depth = 0; one !== undefined && one !== null && depth < 8; one = one.cause, depth++) {
    if (typeof one.code === "string") code = one.code
    if (typeof one.message === "string" && one.message !== "") detail = one.message
  }
  return { ...(code !== undefined && { code }), detail: detail || String(error) }
}

export const ofListening = (address: string, error: SocketServerError): ClusterUnavailable =>
  new ClusterUnavailable({ reason: "CannotListen", where: address, detail: said(error).detail, cause: error })
