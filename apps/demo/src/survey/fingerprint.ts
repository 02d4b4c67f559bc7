/**
 * The compute work of a survey, as a plain synchronous function of a module: what a `Call` runs on a thread or inline.
 * It imports nothing of ours, so that a worker loads it fast.
 */
import { scryptSync } from "node:crypto"
import { scrypt } from "./limits.ts"

/** A memory-hard hash (scrypt, RFC 7914) of what a host said, in hexadecimal. The salt is fixed: equal words compare equal. */
export const fingerprint = (words: string): string =>
  scryptSync(words, "handoff survey", scrypt.octets, {
    N: scrypt.N,
    r: scrypt.r,
    p: scrypt.p,
    maxmem: 256 * scrypt.N * scrypt.r
  }).toString("hex")
