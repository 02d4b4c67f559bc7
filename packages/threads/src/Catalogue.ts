/** The functions that a pool has been asked for, each by a small number: what crosses to a worker is the number. */
import type { Definition } from "./protocol.ts"

export class Catalogue {
  readonly definitions: Array<Definition> = []
  private readonly modules = new Map<string, Map<string, number>>()
  private readonly announce: (definition: Definition) => void

  constructor(announce: (definition: Definition) => void) {
    this.announce = announce
  }

  /** The number of a module's function; a new one is announced to the workers first. */
  number(module: string, name: string): number {
    let names = this.modules.get(module)
    if (names === undefined) {
      names = new Map()
      this.modules.set(module, names)
    }
    const known = names.get(name)
    if (known !== undefined) return known
    const definition: Definition = { id: this.definitions.length, module, name }
    this.definitions.push(definition)
    names.set(name, definition.id)
    this.announce(definition)
    return definition.id
  }
}
