/** Which worker the calls of a key run on, and how many keys each worker has. The least recently used is forgotten. */
export class Pins {
  private readonly workers = new Map<string, number>()
  private readonly loads = new Map<number, number>()
  private readonly most: number

  constructor(most: number) {
    this.most = most
  }

  get(key: string): number | undefined {
    return this.workers.get(key)
  }

  /** Keys of a worker. */
  load(worker: number): number {
    return this.loads.get(worker) ?? 0
  }

  set(key: string, worker: number): void {
    this.forget(key)
    // Most recently used last.
    this.workers.set(key, worker)
    this.loads.set(worker, this.load(worker) + 1)
    if (this.workers.size > this.most) this.forget(this.workers.keys().next().value!)
  }

  private forget(key: string): void {
    const worker = this.workers.get(key)
    if (worker === undefined) return
    this.workers.delete(key)
    this.loads.set(worker, this.load(worker) - 1)
  }
}
