/**
 * How the parser speaks. A wrong command line is told on stderr, in as many lines as it has mistakes: stdout belongs to
 * whoever reads findings, and the whole help would push what is wrong off the screen.
 */
import * as CliOutput from "effect/cli/CliOutput"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

export const layer = CliOutput.layerPresenter({
  present: Effect.fnUntraced(function* (event) {
    if (event._tag !== "InvalidInvocation") return yield* CliOutput.defaultPresenter.present(event)
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const errors = CliOutput.defaultFormatter({ colors: canColor }).formatErrors(event.errors).trimStart()
    yield* Console.error(`${errors}\n\n  \`${event.commandPath.join(" ")} --help\` says what there is.`)
  })
})
