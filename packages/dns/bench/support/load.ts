/** So many questions in flight, for a while or until so many were answered: how many a second, at which CPU, how late. */

export interface Load {
  /** Asks question number `index`; calls back with whether it was answered rightly. */
  readonly ask: (index: number, onEnd: (right: boolean) => void) => void
  readonly inFlight: number
  /** Milliseconds; or how many questions. */
  readonly until: { readonly millis: number } | { readonly questions: number }
}

export interface Figures {
  readonly perSecond: number
  /** Microseconds of this process's CPU per question. */
  readonly cpu: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly worst: number
  readonly asked: number
  readonly lost: number
}

export const run = (load: Load): Promise<Figures> =>
  new Promise((resolve) => {
    const counts = meter(load.until)
    let live = 0
    let ended = false
    const next = (): void => {
      live++
      const at = performance.now()
      load.ask(counts.asked++, (right) => {
        counts.count(at, right)
        live--
        if (counts.goesOn()) next()
        else if (live === 0 && !ended) {
          ended = true
          resolve(counts.figures())
        }
      })
    }
    for (let i = 0; i < load.inFlight; i++) next()
  })

export interface Meter {
  asked: number
  /** Whether to ask on. */
  readonly goesOn: () => boolean
  /** A question that was asked at `at` was answered, rightly or not. */
  readonly count: (at: number, right: boolean) => void
  readonly figures: () => Figures
}

/** Counts from now on. */
export const meter = (until: Load["until"]): Meter => {
  const latencies = new Latencies()
  const begun = performance.now()
  const cpu = process.cpuUsage()
  let lost = 0
  const self: Meter = {
    asked: 0,
    goesOn: () => ("millis" in until ? performance.now() - begun < until.millis : self.asked < until.questions),
    count: (at, right) => {
      latencies.add(performance.now() - at)
      if (!right) lost++
    },
    figures: () => figures(latencies, performance.now() - begun, process.cpuUsage(cpu), lost)
  }
  return self
}

/** Kept in pieces: a list that grows would be copied and traced by the collector, at the expense of whom is measured. */
class Latencies {
  length = 0
  private readonly pieces: Array<Float64Array> = []

  add(millis: number): void {
    const at = this.length++ % piece
    if (at === 0) this.pieces.push(new Float64Array(piece))
    this.pieces.at(-1)![at] = millis
  }

  sorted(): Float64Array {
    const all = new Float64Array(this.pieces.length * piece).fill(Infinity)
    for (const [index, values] of this.pieces.entries()) all.set(values, index * piece)
    return all.subarray(0, this.length).toSorted()
  }
}

const piece = 65_536

const figures = (latencies: Latencies, millis: number, cpu: NodeJS.CpuUsage, lost: number): Figures => {
  const sorted = latencies.sorted()
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return {
    perSecond: (latencies.length - lost) / (millis / 1_000),
    cpu: (cpu.user + cpu.system) / latencies.length,
    p50: at(0.5),
    p99: at(0.99),
    worst: sorted.at(-1)!,
    asked: latencies.length,
    lost
  }
}
