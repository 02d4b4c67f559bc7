/** Multicast DNS: `query` asks the link for a name below `.local`, `browse` for the services of a kind. */
export * as limits from "./limits.ts"
export { browse, type Found, MdnsError, type Options, query, type Service } from "./Mdns.ts"
