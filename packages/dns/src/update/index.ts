/** Signed transactions (TSIG, SIG(0)), dynamic updates and notifications. */
export { apply, type Outcome } from "./apply.ts"
export * as limits from "./limits.ts"
export { notify, send } from "./send.ts"
export * as Sig0 from "./Sig0.ts"
export * as Tsig from "./Tsig.ts"
export * as TsigKey from "./TsigKey.ts"
export * as Update from "./Update.ts"
