/**
 * The compute work of a survey, as plain synchronous functions of a module: what a `Call` runs on a thread or inline.
 * It imports nothing of ours but numbers, so that a worker loads it fast.
 *
 * Nobody has to be kept from guessing what a host said, so a fast hash tells hosts apart just as well. scrypt is for
 * those who want to see what real compute does to each strategy.
 */
import { createHash, scryptSync } from "node:crypto"
import { fingerprintOctets, scrypt as cost } from "./limits.ts"

export const names = ["digest", "scrypt"] as const
export type Name = (typeof names)[number]

/** SHA-256 (FIPS 180-4), cut to 128 bits, in hexadecimal: microseconds. */
export const digest = (words: string): string =>
  createHash("sha256")
    .update(words)
    .digest("hex")
    .slice(0, 2 * fingerprintOctets)

/** A memory-hard hash (scrypt, RFC 7914), in hexadecimal: some 20 ms. The salt is fixed: equal words compare equal. */
export const scrypt = (words: string): string =>
  scryptSync(words, "handoff survey", fingerprintOctets, {
    ...cost,
    maxmem: 256 * cost.N * cost.r
  }).toString("hex")
