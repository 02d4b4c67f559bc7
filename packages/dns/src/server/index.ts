/** An authoritative name server. Start at `Server.make`. */
export { answer, type Answer, type Wishes } from "./answer.ts"
export { type Cookie, Cookies } from "./Cookies.ts"
export { handle, type Peer, type Policy, type Requester } from "./handle.ts"
export * as limits from "./limits.ts"
export { type Options as RateLimitOptions, RateLimit, type Verdict } from "./RateLimit.ts"
export { type Options, Server, type Stats } from "./Server.ts"
export { ServerError } from "./ServerError.ts"
