/** Ports as words, as `Target.parsePort` reads them. */
import type { Port } from "./Target.ts"

export const format = (ports: ReadonlyArray<Port>, separator = ","): string =>
  ports.map(({ port, protocol }) => `${port}/${protocol}`).join(separator)
