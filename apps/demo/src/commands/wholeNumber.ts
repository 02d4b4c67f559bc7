import * as Flag from "effect/cli/Flag"

/** A flag that takes a whole number in a range. */
export const wholeNumber = (
  name: string,
  about: string,
  range: { readonly default: number; readonly minimum: number; readonly maximum: number }
) =>
  Flag.Int(name).pipe(
    Flag.withDescription(`${about}; ${range.minimum} to ${range.maximum}, default ${range.default}`),
    Flag.filter(
      (value) => value >= range.minimum && value <= range.maximum,
      () => `a whole number from ${range.minimum} to ${range.maximum}`
    ),
    Flag.withDefault(range.default)
  )
