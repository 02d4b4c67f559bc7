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
    const { ask, inFlight, until } = load
    const latencies: Array<number> = []
    const begun = performance.now()
    const cpu = process.cpuUsage()
    let asked = 0
    let live = 0
    let lost = 0
    let ended = false
    const goesOn = (now: number): boolean => ("millis" in until ? now - begun < until.millis : asked < until.questions)
    const next = (): void => {
      live++
      const at = performance.now()
      ask(asked++, (right) => {
        const now = performance.now()
        latencies.push(now - at)
        if (!right) lost++
        live--
        if (goesOn(now)) next()
        else if (live === 0 && !ended) {
          ended = true
          resolve(figures(latencies, now - begun, process.cpuUsage(cpu), lost))
        }
      })
    }
    for (let i = 0; i < inFlight; i++) next()
  })

const figures = (latencies: Array<number>, millis: number, cpu: NodeJS.CpuUsage, lost: number): Figures => {
  const sorted = Float64Array.from(latencies).toSorted()
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
