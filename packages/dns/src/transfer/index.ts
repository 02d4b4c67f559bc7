/** Zones between name servers: `axfr` and `ixfr` bring one in, `Secondary.keep` keeps it fresh; the server gives them out. */
export { exchange } from "./exchange.ts"
export { Incoming, TransferFault } from "./Incoming.ts"
export * as limits from "./limits.ts"
export * as outgoing from "./outgoing.ts"
export type { Peer } from "./Peer.ts"
export * as Secondary from "./Secondary.ts"
export { axfr, axfrRecords, type Changes, ixfr, type Options } from "./transfer.ts"
export { TransferError } from "./TransferError.ts"
