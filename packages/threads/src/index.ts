export type { CallOptions, Functions, Item, MapOptions, Remote, Result } from "./Module.ts"
export * as limits from "./limits.ts"
export * as Threads from "./Threads.ts"
