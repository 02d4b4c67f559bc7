/** Why a server answered as it did, in its own words (RFC 8914). */
import type * as Message from "./wire/Message.ts"
import { describe } from "./wire/options/EDE.ts"

/** An extended error: why the server answered as it did (RFC 8914). */
export interface ExtendedError {
  readonly code: number
  readonly text: string
}

/** The extended errors of a message (RFC 8914 section 2). */
export const extendedErrors = (message: Message.Message | undefined): ReadonlyArray<ExtendedError> =>
  (message?.edns?.options ?? []).flatMap((option) =>
    option.option === "EDE"
      ? [{ code: option.data.infoCode, text: new TextDecoder().decode(option.data.extraText) }]
      : []
  )

/** As people read it: `EDE 22 No Reachable Authority: timeout at 192.0.2.1`; undefined for a message without any. */
export const format = (message: Message.Message): string | undefined => {
  const errors = extendedErrors(message)
  if (errors.length === 0) return undefined
  return errors
    .map(({ code, text }) => `EDE ${code}${` ${describe(code) ?? ""}`.trimEnd()}${text === "" ? "" : `: ${text}`}`)
    .join("; ")
}
