import type { HostKey, Missing, Tls } from "../inspect/Inspected.ts"
import type { Protocol } from "./Target.ts"

/**
 * What a survey found out about one host. Only what the network says goes in, never how long it took or who asked: the
 * same network gives the same findings whichever strategies ran the survey.
 *
 * Words that strategies have for one thing are made one word: the C library cannot tell a server's failure from a
 * timeout (`EAI_AGAIN`), so both are `try-again` here. Lists are sorted where their order carries nothing.
 */
export interface Finding {
  /** Line of the hosts file, from 1. */
  readonly line: number
  readonly host: string
  /** `done`: it has an address and at least one port answered. `failed`: not so, and `problem` says why. */
  readonly state: "done" | "failed"
  readonly problem?: string
  readonly addresses: ReadonlyArray<Address>
  /** Whether every address leads back to the host's name; absent for an address, and where none leads anywhere. */
  readonly agrees?: boolean
  /** Records that were asked for, in presentation form, or why there are none. */
  readonly records?: Readonly<Record<string, ReadonlyArray<string> | Problem>>
  readonly ports: ReadonlyArray<PortFinding>
  /** A hash of what the ports said, their own name and addresses aside: who says the same has the same fingerprint. */
  readonly fingerprint?: string
}

export interface Address {
  readonly address: string
  /** Names that the address leads back to; absent if it leads nowhere. */
  readonly names?: ReadonlyArray<string>
  /** Why there are no names. */
  readonly problem?: Problem
}

export interface PortFinding {
  readonly port: number
  readonly protocol: Protocol
  /** `open`: it answered. */
  readonly state: "open" | Problem
  /** The greeting, or the status line, without its line end. */
  readonly says?: string
  /** Of the page. */
  readonly title?: string
  /** What TLS settled, and the certificate. How many days it has left is for whoever prints it: it changes by itself. */
  readonly tls?: Tls
  /** Of an SSH server, which has proved that it has it. */
  readonly hostKey?: HostKey
  /** Why there is no more of what its protocol should give. */
  readonly missing?: Missing
}

export type Problem =
  | "no-tls"
  | "not-found"
  | "try-again"
  | "bad-name"
  | "refused"
  | "unreachable"
  | "reset"
  | "closed"
  | "timeout"
  | "too-long"
  | "unsupported"
  | "overloaded"
  | "lost"
  | "unknown"
