/**
 * Runs actions in the order in which they came, for a short while in each turn of the event loop. Calls end in waves: a
 * name server's answers to a hundred lookups come together, and what their callers do next must not keep files, sockets
 * and timers waiting until the last is through.
 */
export class Slices {
  private readonly millis: number
  private actions: Array<() => void> = []
  /** The next action; those before it are done. */
  private next = 0
  private immediate: NodeJS.Immediate | undefined

  constructor(millis: number) {
    this.millis = millis
  }

  push(action: () => void): void {
    this.actions.push(action)
  }

  /** Runs what there is, now and in later turns. At least one action for each turn. */
  readonly run = (): void => {
    if (this.immediate !== undefined) return
    const end = performance.now() + this.millis
    while (this.next < this.actions.length) {
      this.actions[this.next++]!()
      if (performance.now() >= end && this.next < this.actions.length) {
        this.immediate = setImmediate(this.resume)
        return
      }
    }
    this.clear()
  }

  clear(): void {
    clearImmediate(this.immediate)
    this.immediate = undefined
    this.actions = []
    this.next = 0
  }

  private readonly resume = (): void => {
    this.immediate = undefined
    this.run()
  }
}
