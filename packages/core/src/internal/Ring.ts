/**
 * First in, first out over a growing circular array: no allocation per item once it has grown, and none of the
 * quadratic shifting of `Array.shift`. The capacity is always a power of two, so that a mask does for the modulo.
 */
export class Ring<A> {
  private items: Array<A | undefined> = Array.from({ length: 16 })
  private head = 0
  size = 0

  push(item: A): void {
    if (this.size === this.items.length) this.grow()
    this.items[(this.head + this.size) & (this.items.length - 1)] = item
    this.size++
  }

  peek(): A | undefined {
    return this.size === 0 ? undefined : this.items[this.head]
  }

  shift(): A | undefined {
    if (this.size === 0) return undefined
    const item = this.items[this.head]
    this.items[this.head] = undefined
    this.head = (this.head + 1) & (this.items.length - 1)
    this.size--
    return item
  }

  private grow(): void {
    const old = this.items
    const bigger: Array<A | undefined> = Array.from({ length: old.length * 2 })
    for (let i = 0; i < this.size; i++) bigger[i] = old[(this.head + i) & (old.length - 1)]
    this.items = bigger
    this.head = 0
  }
}
