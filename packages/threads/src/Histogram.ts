/**
 * Durations in microseconds, counted in 64 buckets of two per power of two: enough for percentiles that are right to a
 * quarter, from a microsecond to an hour. Kept in shared memory by the one thread that counts.
 */

export const buckets = 64

export const bucketOf = (microseconds: number): number => {
  if (microseconds < 2) return microseconds < 1 ? 0 : 1
  const power = 31 - Math.clz32(microseconds)
  return Math.min(buckets - 1, 2 * power + ((microseconds >>> (power - 1)) & 1))
}

/** The middle of a bucket, in microseconds. */
const middleOf = (bucket: number): number => {
  if (bucket < 2) return bucket
  const power = bucket >> 1
  const least = 2 ** power + (bucket & 1) * 2 ** (power - 1)
  return least + 2 ** (power - 2)
}

/** The value below which `share` of the counted ones lie; 0 if none were counted. */
export const percentile = (counts: ArrayLike<number>, share: number): number => {
  let total = 0
  for (let i = 0; i < buckets; i++) total += counts[i]!
  let left = total * share
  for (let i = 0; i < buckets; i++) {
    left -= counts[i]!
    if (left <= 0 && total > 0) return middleOf(i)
  }
  return 0
}
