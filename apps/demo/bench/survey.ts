/**
 * A survey of the lab by `dns,reactor,threads`, 1,000 hosts at once: how late the event loop is, and whether memory stays
 * where it is when there are five times as many hosts. `nmap -sV` is beside it: it talks to the same ports of the same
 * hosts and looks at what they say, but neither resolves names nor computes.
 */
import { Bench } from "@handoff/bench"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Url from "node:url"

const main = Url.fileURLToPath(new URL("../src/main.ts", import.meta.url))
const node = ["--conditions=@handoff/source", main]
const network = "127.66"
const port = 5_466

/** Surveys the first hosts of the lab that the environment has started. */
const survey =
  (share: number, executor: string): Bench.Run =>
  async (context) => {
    const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "handoff-bench-survey-"))
    try {
      const count = Number(context.environment["hosts"]) * share
      const hosts = Path.join(folder, "hosts.txt")
      const figures = Path.join(folder, "figures.json")
      const lines = Fs.readFileSync(context.environment["list"]!, "utf8")
        .split("\n")
        .slice(1, count + 1)
      Fs.writeFileSync(hosts, `${lines.join("\n")}\n`)
      const args = ["survey", hosts, "--quiet", "--format=ndjson", "--concurrency=1000", `--executor=${executor}`]
      const output = ChildProcess.execFileSync(
        process.execPath,
        [...node, ...args, `--name-server=${network}.0.53:${port}`, `--figures=${figures}`],
        { maxBuffer: 1_073_741_824, env: { ...process.env, HANDOFF_CONFIG: "none" } }
      )
      const { cost, done, failed } = JSON.parse(Fs.readFileSync(figures, "utf8"))
      context.check(output.toString().trimEnd().split("\n").length === count, "every host has a finding")
      context.check(done + failed === count && done > count * 0.8, "nearly nine in ten hosts are done")
      return {
        "hosts/s": count / cost.seconds,
        "loop delay p99, ms": cost.loopDelay.p99,
        "memory, MiB": cost.memoryMiB
      }
    } finally {
      Fs.rmSync(folder, { recursive: true })
    }
  }

const nmap: Bench.Run = async (context) => {
  const count = Number(context.environment["hosts"])
  const addresses = Array.from({ length: count }, (_, i) => `${network}.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`)
  const args = ["-sT", "-sV", "--version-light", "-Pn", "-n", "-p", "2222,2525,8080", "-oG", "-", "-iL", "-"]
  const began = performance.now()
  const output = ChildProcess.execFileSync("nmap", args, { input: addresses.join("\n"), maxBuffer: 1_073_741_824 })
  const seconds = (performance.now() - began) / 1_000
  const open = output.toString().match(/2222\/open/g)?.length ?? 0
  context.check(open > count * 0.7, "most hosts have their ssh port open")
  return { "hosts/s": count / seconds }
}

const absent = (): string | undefined =>
  ChildProcess.spawnSync("nmap", ["--version"]).status === 0 ? undefined : "nmap is not installed"

const work = "10,000 lab hosts, 1,000 at once"

export default Bench.define({
  name: "demo/survey",
  environment: async ({ quick }) => {
    const hosts = quick ? 500 : 10_000
    const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "handoff-bench-lab-"))
    const lab = [...node, "lab", "--hosts", String(hosts), "--network", network, "--dns-port", String(port)]
    const list = Path.join(folder, "hosts.txt")
    Fs.writeFileSync(
      list,
      ChildProcess.execFileSync(process.execPath, [...lab, "--list"], { maxBuffer: 1_073_741_824 })
    )
    // It goes when its stdin ends, however the bench does.
    const child = ChildProcess.spawn(process.execPath, [...lab, "--child"], { stdio: ["pipe", "pipe", "inherit"] })
    await new Promise((resolve, reject) => {
      child.stdout.once("data", resolve)
      child.once("exit", () => reject(new Error("the lab ended")))
    })
    return {
      values: { hosts: String(hosts), list },
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
        "dns,reactor,threads": survey(1, "dns,reactor,threads"),
        "a fifth of the hosts": survey(0.2, "dns,reactor,threads"),
        "nmap -sV": { run: nmap, absent }
      }
    }
  ],
  goals: [
    { work, metric: "loop delay p99, ms", subject: "dns,reactor,threads", against: 20, atMost: 1 },
    {
      work,
      metric: "memory, MiB",
      subject: "dns,reactor,threads",
      against: { work, subject: "a fifth of the hosts" },
      atMost: 1.25
    }
  ]
})
