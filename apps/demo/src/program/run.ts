/**
 * Runs the command as a process: Ctrl-C and SIGTERM interrupt it, a second one ends it at once; a reader of the output
 * that goes away interrupts it too. Afterwards nothing may be open: the process ends by itself, and if something keeps
 * it alive for `graceMilliseconds` that is said and counted as our fault.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ExitCode from "./ExitCode.ts"
import { Trouble } from "./Trouble.ts"

/** Milliseconds that the event loop may still have something to close. */
const graceMilliseconds = 700

/** Runs an effect that succeeds with the exit code. Errors are printed to stderr; they have said all in their message. */
export const run = (program: Effect.Effect<number, unknown>): void => {
  let stoppedBy: number | undefined
  const fiber = Effect.runFork(program)
  const stop = (code: number) => () => {
    if (stoppedBy !== undefined && code !== ExitCode.closedPipe) process.exit(code)
    stoppedBy ??= code
    // What was written last may fail when all else has ended.
    process.exitCode = stoppedBy
    fiber.interruptUnsafe()
  }
  const signals = [
    ["SIGINT", stop(ExitCode.interrupted)],
    ["SIGTERM", stop(143)],
    ["SIGHUP", stop(129)]
  ] as const
  for (const [signal, listener] of signals) process.on(signal, listener)
  const brokenPipe = (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") say(`handoff: cannot write the output (${error.code})`)
    stop(error.code === "EPIPE" ? ExitCode.closedPipe : ExitCode.trouble)()
  }
  process.stdout.on("error", brokenPipe)
  // Without stderr there is nobody to tell.
  process.stderr.on("error", () => {})
  // A suspended fiber does not keep a process alive.
  const alive = setInterval(() => {}, 2 ** 30)
  fiber.addObserver((exit) => {
    clearInterval(alive)
    for (const [signal, listener] of signals) process.off(signal, listener)
    process.exitCode = stoppedBy ?? codeOf(exit)
    setTimeout(() => {
      say(`handoff: a fault of its own: still open after its end: ${process.getActiveResourcesInfo().join(", ")}`)
      process.exit()
    }, graceMilliseconds).unref()
  })
}

const codeOf = (exit: Exit.Exit<number, unknown>): number => {
  if (Exit.isSuccess(exit)) return exit.value
  if (Cause.hasInterruptsOnly(exit.cause)) return ExitCode.interrupted
  const error = Cause.squash(exit.cause)
  const isUsage = typeof error === "object" && error !== null && "_tag" in error && error._tag === "ShowHelp"
  // The parser has shown its help and its errors by itself.
  if (isUsage) return (error as { readonly errors?: ReadonlyArray<unknown> }).errors?.length === 0 ? 0 : ExitCode.usage
  say(`handoff: ${Cause.hasDies(exit.cause) ? Cause.pretty(exit.cause) : messageOf(error)}`)
  return error instanceof Trouble && error.isMisuse === true ? ExitCode.usage : ExitCode.trouble
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const say = (line: string): void => void process.stderr.write(`${line}\n`)
