/** Multicast DNS: `query` asks the links for a name below `.local`, `browse` for the services of a kind. */
export * as limits from "./limits.ts"
export { MdnsError, type Options } from "./gather.ts"
export type { Options as LinkOptions } from "./Link.ts"
export { browse, type Found, query, type Service } from "./Mdns.ts"
