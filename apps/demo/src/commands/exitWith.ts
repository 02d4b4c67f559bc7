import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** The exit code that the command has decided on; the parser's own run has no room for one. */
export class ExitStatus extends Context.Service<ExitStatus, { code: number }>()("@handoff/demo/commands/ExitStatus") {}

/** Ends a command with an exit code. */
export const exitWith = (code: number): Effect.Effect<void, never, ExitStatus> =>
  ExitStatus.use((status) => Effect.sync(() => void (status.code = code)))
