import * as Schema from "effect/Schema"

/** Everything that is wrong with a configuration, at once. */
export class SettingsError extends Schema.TaggedError<SettingsError>()("SettingsError", {
  problems: Schema.Array(
    Schema.Struct({
      /** `environment`, or the name of a file. */
      source: Schema.String,
      /** The key as it is written there; empty if the whole source cannot be read. */
      where: Schema.String,
      problem: Schema.String
    })
  )
}) {
  override get message(): string {
    const lines = this.problems.map(({ problem, source, where }) =>
      where === "" ? `  ${source}: ${problem}` : `  ${source}: ${where}: ${problem}`
    )
    return `The configuration has ${this.problems.length} ${this.problems.length === 1 ? "error" : "errors"}:\n${lines.join("\n")}`
  }
}
