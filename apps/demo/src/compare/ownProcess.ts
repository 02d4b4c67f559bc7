import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Private from "../lab/Private.ts"
import * as ExitCode from "../program/ExitCode.ts"
import { Trouble } from "../program/Trouble.ts"

/**
 * Runs this command with other arguments in a process of its own, so that what it costs is its alone; succeeds with what
 * it printed. What it says on stderr goes to ours. Interrupting it stops that process and waits for it.
 */
export const ownProcess = (
  what: string,
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {}
): Effect.Effect<string, Trouble> =>
  Effect.callback<string, Trouble>((resume) => {
    const child = ChildProcess.spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...withoutSettings(), ...environment }
    })
    const pieces: Array<Buffer> = []
    child.stdout.on("data", (piece: Buffer) => pieces.push(piece))
    child.on("error", (cause) => resume(Effect.fail(new Trouble({ what: `${what} could not be started`, cause }))))
    child.on("close", (code) =>
      resume(
        code === ExitCode.done
          ? Effect.succeed(Buffer.concat(pieces).toString())
          : Effect.fail(new Trouble({ what: `${what} ended with exit code ${code}` }))
      )
    )
    return Effect.callback<void>((resume) => {
      child.on("close", () => resume(Effect.void))
      child.kill("SIGTERM")
    })
  })

/** The choice is shown as it is: what the user has configured for surveys is left out. */
const withoutSettings = (): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("HANDOFF_") || name === "HANDOFF_PRIVATE")
  ),
  HANDOFF_CONFIG: "none",
  // Where the C library asks the world outside, and that does not answer, it shall not wait as long as it usually does.
  ...(Private.current() === "none" && { RES_OPTIONS: "timeout:1 attempts:1" })
})
