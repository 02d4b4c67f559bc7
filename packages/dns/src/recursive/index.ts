/** Resolution from the root down, without another resolver. Start at `Recursive.make`. */
export { addressesIn, type Delegation, Delegations, read, type Server, type Step } from "./Delegation.ts"
export * as hints from "./hints.ts"
export * as limits from "./limits.ts"
export { type Options, Recursive, type Resolved, type Stats } from "./Recursive.ts"
export { RecursiveError } from "./RecursiveError.ts"
