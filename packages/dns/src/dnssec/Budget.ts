import * as limits from "./limits.ts"

/** The work that one question may still cause. */
export class Budget {
  signatures = limits.signaturesPerQuestion
  hashes = limits.hashesPerQuestion
}
