import * as ours from "./handoff.ts"
const { pool, call, close } = await ours.open({ threads: 2 })
await call("add", 1, 2)
const only = process.argv[2]
for (let i = 0; i < 2; i++) {
  for (const [name, through] of [
    ["run", ours.throughRun],
    ["submit", ours.throughSubmit]
  ] as const) {
    if (only && only !== name) continue
    for (const lanes of [64, 1024]) {
      const n = 300_000
      const a = process.threadCpuUsage(),
        p = process.cpuUsage()
      const ms = await through(pool, lanes, n)
      const b = process.threadCpuUsage(a),
        q = process.cpuUsage(p)
      console.log(
        name,
        lanes,
        Math.round((n / ms) * 1000),
        "calls/s; main cpu us/call",
        ((b.user + b.system) / n).toFixed(2),
        `(sys ${(b.system / n).toFixed(2)})`,
        "all cpu us/call",
        ((q.user + q.system) / n).toFixed(2)
      )
    }
  }
}
await close()
