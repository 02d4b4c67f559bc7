/** Serial number arithmetic of 32 bits (RFC 1982). */

/** Whether `self` is after `that`; false for both when they are 2^31 apart, where the order is not defined. */
export const isAfter = (self: number, that: number): boolean => {
  const distance = (self - that) >>> 0
  return distance !== 0 && distance < 0x80000000
}

/** The next one: zero is skipped, since many take it for "none". */
export const next = (serial: number): number => (serial + 1) >>> 0 || 1

/** A serial after `than` that is at least `wanted` when that can be: for serials that are dates or seconds. */
export const atLeast = (wanted: number, than: number): number => (isAfter(wanted, than) ? wanted : next(than))
