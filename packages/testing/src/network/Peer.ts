/** The other side of a fake connection: what it does when octets come, as data. */

/** What a peer does, in order; `after` is in milliseconds from the octets that caused it. */
export type Move =
  | { readonly _tag: "Reply"; readonly octets: Uint8Array; readonly after: number }
  /** Ends a stream in order. Does nothing to datagrams. */
  | { readonly _tag: "Close"; readonly after: number }
  /** Ends a stream at once, with an error for the other side; a datagram socket hears of an unreachable port. */
  | { readonly _tag: "Reset"; readonly after: number }

/** Octets that came, and from where. */
export interface Request {
  readonly octets: Uint8Array
  readonly transport: "tcp" | "udp" | "tls"
  /** Counts what came to this peer from 1, over all connections. */
  readonly number: number
}

export interface Peer {
  /** Streams only: said as soon as someone connects. */
  readonly greeting?: ReadonlyArray<Move>
  readonly onOctets: (request: Request) => ReadonlyArray<Move>
  /** Milliseconds until a connection stands; `refuses`: it never does. Default 0. */
  readonly connects?: number | "refuses" | "never"
}

const encoder = new TextEncoder()

const octetsOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? encoder.encode(content) : content

/** Sends octets, so many milliseconds later. */
export const reply = (content: string | Uint8Array, after = 0): Move => ({
  _tag: "Reply",
  octets: octetsOf(content),
  after
})

/** Closes its side, so many milliseconds later. */
export const close = (after = 0): Move => ({ _tag: "Close", after })

/** Cuts the connection, so many milliseconds later. */
export const reset = (after = 0): Move => ({ _tag: "Reset", after })

/** Answers everything by a function of its octets. */
export const answering = (answer: (request: Request) => ReadonlyArray<Move>): Peer => ({ onOctets: answer })

/** Sends back what comes. */
export const echo: Peer = { onOctets: ({ octets }) => [reply(octets)] }

/** Hears everything and says nothing. */
export const silent: Peer = { onOctets: () => [] }

/** A peer that takes no connection. */
export const refusing: Peer = { onOctets: () => [], connects: "refuses" }

/** Plays its script: the first request gets the first entry, and so on; then it is silent. */
export const script = (entries: ReadonlyArray<ReadonlyArray<Move>>): Peer => ({
  onOctets: ({ number }) => entries[number - 1] ?? []
})
