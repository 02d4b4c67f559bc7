/** Domain names in rdata. Both read pointers; only names of RFC 1035 types are written with them (RFC 3597 4). */
import { type Field, make, type Style } from "../Field.ts"
import * as Name from "../Name.ts"

export const printName = (name: Name.Name, style: Style): string =>
  style.origin === undefined ? Name.toText(name) : Name.toTextRelative(name, style.origin)

export const compressedName: Field<Name.Name> = make("name", {
  read: Name.read,
  check: Name.skip,
  write: (writer, value) => writer.compressible(value),
  parse: (tokens) => tokens.name("name"),
  print: printName
})

export const name: Field<Name.Name> = {
  ...compressedName,
  write: (writer, value) => writer.name(value)
}
