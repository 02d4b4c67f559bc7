/** Non-blocking network IO on Node's event loop. */
export * as Reactor from "./Reactor.ts"
export * as limits from "./limits.ts"
