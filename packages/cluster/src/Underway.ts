/** What a runner has begun and not answered, by whose it is and its number there: how to give each up. */
export class Underway {
  private readonly bySubmitter = new Map<string, Map<number, () => void>>()

  /** Submitters of whom there is anything. */
  get size(): number {
    return this.bySubmitter.size
  }

  began(submitter: string, task: number, cancel: () => void): void {
    let own = this.bySubmitter.get(submitter)
    if (own === undefined) this.bySubmitter.set(submitter, (own = new Map()))
    own.set(task, cancel)
  }

  /** False if it is not known here. */
  ended(submitter: string, task: number): boolean {
    const own = this.bySubmitter.get(submitter)
    if (own === undefined || !own.delete(task)) return false
    if (own.size === 0) this.bySubmitter.delete(submitter)
    return true
  }

  /** Calls its `cancel`, once; nothing if it is not known here. */
  giveUp(submitter: string, task: number): void {
    const cancel = this.bySubmitter.get(submitter)?.get(task)
    if (this.ended(submitter, task)) cancel!()
  }
}
