/** Why an answer is bogus, or why it could not be told; with the extended error of RFC 8914 that says so. */
export type Reason =
  /** There is no signature where there must be one. */
  | "SignatureMissing"
  | "SignatureExpired"
  | "SignatureNotYetValid"
  /** The cryptography says no. */
  | "SignatureInvalid"
  /** Made by a zone that the name is not in, or with labels that the name does not have. */
  | "SignatureWrongSigner"
  | "SignatureWrongLabels"
  /** Made with a key that the zone does not have. */
  | "KeyMissing"
  /** The zone has such a key, but it may not sign: no zone flag, a wrong protocol, revoked, or not a key at all. */
  | "KeyNotForZone"
  | "KeyRevoked"
  | "KeyMalformed"
  /** No DNSKEY fits a DS. */
  | "DelegationMismatch"
  /** Nothing proves that what was asked for is not there. */
  | "DenialMissing"
  /** What should prove it says otherwise. */
  | "DenialContradicts"
  /** An answer from a wildcard, without proof that the name itself is not there. */
  | "WildcardUnproven"
  /** An alias that does not follow from its DNAME. */
  | "AliasWrong"
  /** More keys, signatures or hashes than `limits` allow. */
  | "TooMuchWork"
  /** Records needed for the proof could not be fetched. */
  | "Unreachable"
  /** The answer is an error, or no trust anchor is above the name. */
  | "ServerFailed"
  | "NoAnchor"

/** Info codes of RFC 8914 4. */
export const extendedErrors: { readonly [R in Reason]: number } = {
  SignatureMissing: 10,
  SignatureExpired: 7,
  SignatureNotYetValid: 8,
  SignatureInvalid: 6,
  SignatureWrongSigner: 6,
  SignatureWrongLabels: 6,
  KeyMissing: 9,
  KeyNotForZone: 11,
  KeyRevoked: 6,
  KeyMalformed: 6,
  DelegationMismatch: 9,
  DenialMissing: 12,
  DenialContradicts: 6,
  WildcardUnproven: 12,
  AliasWrong: 6,
  TooMuchWork: 6,
  Unreachable: 22,
  ServerFailed: 5,
  NoAnchor: 5
}

export interface Failure {
  readonly reason: Reason
  /** In words, with the names and types in question. */
  readonly detail: string
}
