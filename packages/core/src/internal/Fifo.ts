/**
 * First in, first out, with removal of any node in constant time: the waiters of a queue may give up in any order, and
 * a hundred thousand of them must not cost more each than a hundred.
 *
 * A doubly linked ring through a sentinel. A node belongs to one list at a time; `remove` of a node that is in none does
 * nothing.
 */
export interface Node {
  next: Node | undefined
  previous: Node | undefined
}

export class Fifo<N extends Node> {
  private readonly sentinel: Node
  /** Nodes in the list. */
  size = 0

  constructor() {
    const sentinel: Node = { next: undefined, previous: undefined }
    sentinel.next = sentinel
    sentinel.previous = sentinel
    this.sentinel = sentinel
  }

  push(node: N): void {
    const last = this.sentinel.previous!
    node.previous = last
    node.next = this.sentinel
    last.next = node
    this.sentinel.previous = node
    this.size++
  }

  peek(): N | undefined {
    return this.size === 0 ? undefined : (this.sentinel.next as N)
  }

  shift(): N | undefined {
    if (this.size === 0) return undefined
    const first = this.sentinel.next as N
    this.remove(first)
    return first
  }

  /** Whether the node was in the list. */
  remove(node: N): boolean {
    if (node.next === undefined) return false
    node.previous!.next = node.next
    node.next.previous = node.previous
    node.next = undefined
    node.previous = undefined
    this.size--
    return true
  }
}
