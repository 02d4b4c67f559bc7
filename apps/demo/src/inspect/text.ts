/** Octets of strangers as text. */

export const latin1 = (octets: Uint8Array): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString("latin1")

/** With what a terminal would act on made visible. */
const visible = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd")

/** Octets as UTF-8, as most say today, made visible. */
export const readable = (latin: string): string => visible(Buffer.from(latin, "latin1").toString("utf8"))
