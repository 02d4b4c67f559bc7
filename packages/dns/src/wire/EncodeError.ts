/**
 * A value that DNS has no octets for: a number out of range, a character string over 255 octets, a message over the
 * limit. The caller's fault; nothing was produced.
 */
export class EncodeError extends Error {
  readonly _tag = "EncodeError"
  override readonly name = "EncodeError"
}

export const fail = (detail: string): never => {
  throw new EncodeError(detail)
}
