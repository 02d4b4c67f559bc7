import { type Name, root } from "./Name.ts"

/**
 * Names read from a message, by offset: owners mostly repeat, by pointer. The first two stand in plain properties, since a
 * small message has no more and a map costs more to make than it would save; the others in a map of at most `cached`.
 */
export class NameCache {
  private offset0 = -1
  private offset1 = -1
  private name0 = root
  private name1 = root
  private more: Map<number, Name> | undefined = undefined

  get(offset: number): Name | undefined {
    if (offset === this.offset0) return this.name0
    if (offset === this.offset1) return this.name1
    return this.more === undefined ? undefined : this.more.get(offset)
  }

  set(offset: number, name: Name): void {
    if (this.offset0 < 0) {
      this.offset0 = offset
      this.name0 = name
    } else if (this.offset1 < 0) {
      this.offset1 = offset
      this.name1 = name
    } else {
      const more = (this.more ??= new Map())
      if (more.size >= cached) more.clear()
      more.set(offset, name)
    }
  }
}

/** Names kept by offset while a message is read: more would cost memory and time in a message of thousands. */
const cached = 64
