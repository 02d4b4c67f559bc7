/**
 * A survey of the lab by `dns,reactor,threads`, 1,000 hosts at once: how late the event loop is, and whether memory stays
 * where it is after 2,000, 5,000 and 10,000 hosts. The lab is in processes of its own. `nmap -sV` is beside it: it talks to
 * the same ports of the same hosts and looks at what they say, but neither resolves names nor reads certificates or keys.
 */
import { Bench } from "@handoff/bench"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Built from "./support/built.ts"

const node = [Built.main]
const network = "127.66"
const port = 5_466

/** When the memory is looked at: after 2,000, 5,000 and 9,900 of 10,000 hosts; after the last one it may have ended. */
const shares = [0.2, 0.5, 0.99] as const

/** Surveys all hosts of the lab that the environment has started. */
const survey: Bench.Run = async (context) => {
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "handoff-bench-survey-"))
  try {
    const count = Number(context.environment["hosts"])
    const figures = Path.join(folder, "figures.json")
    const options = ["--quiet", "--format=ndjson", "--concurrency=1000", "--executor=dns,reactor,threads"]
    const child = ChildProcess.spawn(
      process.execPath,
      [
        ...node,
        "survey",
        context.environment["list"]!,
        ...options,
        `--name-server=${network}.0.53:${port}`,
        `--ca=${context.environment["ca"]}`,
        `--figures=${figures}`
      ],
      { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, HANDOFF_CONFIG: "none" } }
    )
    const memory: Array<number> = []
    let findings = 0
    child.stdout.on("data", (octets: Buffer) => {
      for (const octet of octets) if (octet === newline) findings++
      while (memory.length < shares.length && findings >= count * shares[memory.length]!) {
        memory.push(residentMiB(child.pid!))
      }
    })
    const code = await new Promise((resolve) => child.on("close", resolve))
    context.check(code === 0, "it runs to its end")
    const { cost, done, failed } = JSON.parse(Fs.readFileSync(figures, "utf8"))
    context.check(findings === count, "every host has a finding")
    context.check(done + failed === count && done > count * 0.8, "nearly nine in ten hosts are done")
    return {
      "hosts/s": count / cost.seconds,
      "loop delay p99, ms": cost.loopDelay.p99,
      "memory after a fifth, MiB": memory[0]!,
      "memory after half, MiB": memory[1]!,
      "memory at the end, MiB": memory[2]!,
      "largest memory, MiB": cost.memoryMiB
    }
  } finally {
    Fs.rmSync(folder, { recursive: true })
  }
}

const newline = 10

/** What a process has in memory now. */
const residentMiB = (pid: number): number => {
  const status = Fs.readFileSync(`/proc/${pid}/status`, "utf8")
  return Math.round(Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1_024)
}

/** On a fiftieth of the hosts, a thousand conversations at once like ours: those take it nearly a minute. */
const nmap: Bench.Run = async (context) => {
  const count = Math.ceil(Number(context.environment["hosts"]) / 50)
  const addresses = Array.from({ length: count }, (_, i) => `${network}.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`)
  const atOnce = ["-T5", "--min-parallelism=1000", "--max-parallelism=1000"]
  const args = [
    "-sT",
    "-sV",
    "--version-light",
    ...atOnce,
    "-Pn",
    "-n",
    "-p",
    "2222,2525,8080,8443",
    "-oG",
    "-",
    "-iL",
    "-"
  ]
  const began = performance.now()
  const output = ChildProcess.execFileSync("nmap", args, {
    input: addresses.join("\n"),
    maxBuffer: 1_073_741_824,
    // It warns of so many at once.
    stdio: ["pipe", "pipe", "ignore"]
  })
  const seconds = (performance.now() - began) / 1_000
  const open = output.toString().match(/2222\/open/g)?.length ?? 0
  context.check(open > count * 0.7, "most hosts have their ssh port open")
  return { "hosts/s": count / seconds }
}

const absentProc = (): string | undefined => (Fs.existsSync("/proc/self/status") ? undefined : "no /proc here")

const absent = (): string | undefined =>
  ChildProcess.spawnSync("nmap", ["--version"]).status === 0 ? undefined : "nmap is not installed"

const work = "10,000 lab hosts, 1,000 at once"

export default Bench.define({
  name: "demo/survey",
  environment: async ({ quick }) => {
    Built.build()
    const hosts = quick ? 500 : 10_000
    const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "handoff-bench-lab-"))
    const lab = [...node, "lab", "--hosts", String(hosts), "--network", network, "--dns-port", String(port)]
    const list = Path.join(folder, "hosts.txt")
    Fs.writeFileSync(
      list,
      ChildProcess.execFileSync(process.execPath, [...lab, "--list"], { maxBuffer: 1_073_741_824 })
    )
    const ca = Path.join(folder, "ca.pem")
    Fs.writeFileSync(ca, ChildProcess.execFileSync(process.execPath, [...lab, "--authority"]))
    // It goes when its stdin ends, however the bench does.
    const child = ChildProcess.spawn(process.execPath, [...lab, "--child"], { stdio: ["pipe", "pipe", "inherit"] })
    await new Promise((resolve, reject) => {
      child.stdout.once("data", resolve)
      child.once("exit", () => reject(new Error("the lab ended")))
    })
    return {
      values: { hosts: String(hosts), list, ca },
      stop: () => {
        child.stdin.end()
        Fs.rmSync(folder, { recursive: true })
      }
    }
  },
  works: [
    {
      name: work,
      rounds: 1,
      subjects: {
        "dns,reactor,threads": { run: survey, absent: absentProc },
        "nmap -sV, a fiftieth of the hosts": { run: nmap, absent }
      }
    }
  ],
  goals: [
    { work, metric: "loop delay p99, ms", subject: "dns,reactor,threads", against: 20, atMost: 1 },
    // Flat: four times as many hosts again, and no more than a quarter of memory more.
    {
      work,
      metric: "largest memory, MiB",
      subject: "dns,reactor,threads",
      against: { work, subject: "dns,reactor,threads", metric: "memory after a fifth, MiB" },
      atMost: 1.25
    }
  ]
})
