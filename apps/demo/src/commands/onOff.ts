import * as Flag from "effect/cli/Flag"

/** A flag that is off unless it is given. */
export const onOff = (name: string, about: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(about), Flag.withDefault(false))
