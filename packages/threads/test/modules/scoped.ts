/** Functions that look at their own call. */
import { move, scope } from "@handoff/threads/worker"

export const untilAborted = async (): Promise<string> => {
  const { signal } = scope()
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()))
  return "aborted"
}
export let sawAbort = 0
export const spinUntilAborted = (): void => {
  const { isAborted } = scope()
  while (!isAborted());
  sawAbort++
}
export const abortsSeen = (): number => sawAbort
export const inSteps = async (steps: number): Promise<string> => {
  const { progress } = scope()
  for (let i = 1; i <= steps; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    progress({ step: i, of: steps })
  }
  return "done"
}
export const carried = async (): Promise<unknown> => {
  await new Promise((resolve) => setTimeout(resolve, 1))
  return scope().carry
}
export const makeBuffer = (octets: number): Uint8Array => {
  const made = new Uint8Array(octets).fill(7)
  return move(made, [made.buffer])
}
export const takeBuffer = (buffer: Uint8Array): number => buffer.length
