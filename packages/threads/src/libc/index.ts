export { EaiError, type Fault } from "./EaiError.ts"
export { LibcUnavailable } from "./LibcUnavailable.ts"
export * as Libc from "./Libc.ts"
