/** Other implementations from Debian, each asked in one process for many records. */
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { fileURLToPath } from "node:url"

export interface Answer {
  readonly error?: string
  /** Whether it has fields for the type. */
  readonly known?: boolean
  readonly text?: string
  readonly hex?: string
  readonly fields?: ReadonlyArray<unknown>
}

export interface MessageAnswer {
  readonly error?: string
  readonly id: number
  readonly rcode: number
  readonly questions: ReadonlyArray<readonly [string, number]>
  readonly records: ReadonlyArray<readonly [string, number, number, string]>
  readonly edns: readonly [number, number, number] | null
}

const python = "/usr/bin/python3"
const script = fileURLToPath(new URL("dnspython_oracle.py", import.meta.url))
const readZone = "/usr/bin/ldns-read-zone"

/** Why dnspython cannot be asked here; undefined when it can. */
export const dnspythonAbsent = (): string | undefined => {
  if (!existsSync(python)) return "there is no /usr/bin/python3"
  const run = spawnSync(python, ["-c", "import dns.version; print(dns.version.version)"], { encoding: "utf8" })
  return run.status === 0 ? undefined : "python3-dnspython is not installed"
}

/** Why ldnsutils cannot be asked here; undefined when they can. */
export const ldnsAbsent = (): string | undefined => (existsSync(readZone) ? undefined : "ldnsutils is not installed")

const rrchecker = "/usr/bin/named-rrchecker"

/** Why BIND cannot be asked here; undefined when it can. */
export const bindAbsent = (): string | undefined => (existsSync(rrchecker) ? undefined : "bind9-utils is not installed")

/** The octets, in hex, that BIND makes of rdata as text; undefined when it does not know the type or the text. */
export const bind = (type: string, text: string): string | undefined => {
  const run = spawnSync(rrchecker, ["-u"], { input: `IN ${type} ${text}\n`, encoding: "utf8" })
  const generic = /\\# [0-9]+ ?([0-9A-F ]*)/.exec(run.stdout)
  return run.status === 0 && generic !== null ? generic[1]!.replaceAll(" ", "").toLowerCase() : undefined
}

/** Asks dnspython about rdata as octets or text, in one go. */
export const dnspython = (
  queries: ReadonlyArray<{ readonly type: string; readonly hex?: string; readonly text?: string }>
): ReadonlyArray<Answer> => ask(queries) as ReadonlyArray<Answer>

/** Asks dnspython about messages, in hex. */
export const dnspythonMessages = (messages: ReadonlyArray<string>): ReadonlyArray<MessageAnswer> =>
  ask(messages.map((message) => ({ message }))) as ReadonlyArray<MessageAnswer>

const ask = (queries: ReadonlyArray<object>): ReadonlyArray<unknown> =>
  execFileSync(python, [script], {
    input: queries.map((query) => `${JSON.stringify(query)}\n`).join(""),
    encoding: "utf8",
    maxBuffer: 2 ** 30
  })
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown)

/** What ldns makes of a zone file: its lines in ldns's text, or, when `generic`, in the form of RFC 3597. */
export const ldns = (zone: string, options: { readonly generic: boolean }): string => {
  const folder = mkdtempSync(path.join(tmpdir(), "handoff-ldns-"))
  try {
    const file = path.join(folder, "zone")
    writeFileSync(file, zone)
    // Every type but TYPE0, so every type there is, in the generic form.
    const flags = options.generic ? ["-U", "TYPE0"] : []
    return execFileSync(readZone, [...flags, file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
