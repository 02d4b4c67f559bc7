import { Broken } from "./Dialogue.ts"
import type { Missing } from "./Inspected.ts"

/** What ended a dialogue in its middle, in one word. What is no `Broken` is a fault of ours and goes on. */
export const of = (error: unknown): Missing => {
  if (!(error instanceof Broken)) throw error
  if (error.reason === "Timeout") return "timeout"
  if (error.reason === "TooLong") return "too-long"
  if (error.reason === "Reset") return "reset"
  return error.stage === "tls" ? "no-tls" : "closed"
}
