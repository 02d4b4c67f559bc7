/**
 * What happens, for many who read it at their own speed. Nobody has a queue: the last messages are kept once, each
 * reader has a place in them, and one who is too slow for that is given the whole state again. So a browser that does not
 * read costs nothing but its connection.
 */
import * as Effect from "effect/Effect"
import type { Message } from "./shared/Event.ts"

/** A message with its number, from 1. */
export interface Numbered {
  readonly number: number
  readonly message: Message
}

export class Feed {
  private readonly kept: Array<Message> = []
  private readonly waiting = new Set<() => void>()
  private readonly capacity: number
  /** Number of the last message. */
  last = 0

  constructor(capacity: number) {
    this.capacity = capacity
  }

  publish(message: Message): void {
    this.last++
    this.kept.push(message)
    if (this.kept.length > this.capacity) this.kept.shift()
    // Whoever is woken may wait again at once: that is for the next message.
    const woken = Array.from(this.waiting)
    for (const wake of woken) wake()
  }

  /** The messages after this one; undefined where some of them are not kept any more. */
  after(number: number): ReadonlyArray<Numbered> | undefined {
    if (number > this.last) return undefined
    const missing = this.last - number
    if (missing > this.kept.length) return undefined
    return this.kept
      .slice(this.kept.length - missing)
      .map((message, index) => ({ number: number + index + 1, message }))
  }

  /** Waits until there is a message after this one. */
  readonly beyond = (number: number): Effect.Effect<void> =>
    Effect.callback<void>((resume) => {
      if (this.last > number) return resume(Effect.void)
      const wake = () => {
        this.waiting.delete(wake)
        resume(Effect.void)
      }
      this.waiting.add(wake)
      return Effect.sync(() => void this.waiting.delete(wake))
    })

  /** Readers that wait. */
  get readers(): number {
    return this.waiting.size
  }
}
