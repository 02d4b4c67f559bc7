/**
 * Which partition a task belongs to: pure, so that its evenness is tested without a cluster. A partition is one entity
 * of the engine; the engine puts entities on runners and moves them when runners come and go. So one key always meets
 * one runner at a time.
 */

/** FNV-1a, 32 bits: even enough over short keys, and the same on every machine. */
const hash = (key: string): number => {
  let h = 0x811c9dc5
  for (let i = 0; i < key.length; i++) {
    h ^= key.charCodeAt(i)
    h = Math.imul(h, 0x01000193)
  }
  // FNV's low bits move little for keys that differ in their last character only; fold the high ones in.
  return (h ^ (h >>> 15)) >>> 0
}

export const partitionOf = (key: string, partitions: number): number => hash(key) % partitions

/** The engine's name of a partition. */
export const entityId = (partition: number): string => `p${partition}`
