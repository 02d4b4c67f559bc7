/**
 * DNSSEC: `Validator` judges answers, `sign` signs zones. The other modules are what they are made of: keys, digests,
 * signatures, denials, each pure.
 */
export { AggressiveCache } from "./AggressiveCache.ts"
export * as Algorithm from "./Algorithm.ts"
export * as Dnskey from "./Dnskey.ts"
export { extendedErrors, type Failure, type Reason } from "./Failure.ts"
export * as limits from "./limits.ts"
export * as nsec from "./nsec.ts"
export * as nsec3 from "./nsec3.ts"
export { nsec3Hash } from "./nsec3Hash.ts"
export * as Rrsig from "./Rrsig.ts"
export { type Options as SignOptions, sign, signSync } from "./sign.ts"
export * as SigningKey from "./SigningKey.ts"
export { type State, type Tracked, TrustAnchors } from "./TrustAnchors.ts"
export * as typeBitmap from "./typeBitmap.ts"
export { Validator, type Options as ValidatorOptions, type Verdict } from "./Validator.ts"
export { type Options as VerifyOptions, forgetSignatures, type Verified, verify } from "./verify.ts"
export { Budget } from "./Budget.ts"
export * as Zonemd from "./Zonemd.ts"
