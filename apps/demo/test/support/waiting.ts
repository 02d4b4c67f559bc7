/** Waits inside the function, as a C library would, and says how long. */
export const wait = (milliseconds: number): number => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
  return milliseconds
}
