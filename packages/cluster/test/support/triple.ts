export const triple = (n: number): number => 3 * n

/** The same, after computing for so many milliseconds. */
export const burn = (n: number, milliseconds: number): number => {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
  return 3 * n
}

export const fail = (n: number): number => {
  throw new RangeError(`not ${n}`)
}

export const later = (n: number): Promise<number> => Promise.resolve(3 * n)
