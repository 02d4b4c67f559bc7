/** What is imported as `Libc`. */
export { bind as function, type Bound, type Outcome } from "./bind.ts"
export * from "./Libc.ts"
