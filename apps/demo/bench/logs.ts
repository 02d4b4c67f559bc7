/**
 * A log with names for its addresses, against Apache's `logresolve` and `adnslogres`, each in a private network with a
 * name server that answers after 5 ms.
 *
 * `logresolve` asks for one address at a time and remembers it; `adnslogres` asks for many at once and remembers none.
 * Both put the same names in the same places as we do, which is checked line by line before their time counts.
 */
import { Bench } from "@handoff/bench"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Built from "./support/built.ts"
import * as inNamespace from "./support/inNamespace.ts"

const ours = [process.execPath, Built.main, "logs", "--executor", "dns"]

/** The log: addresses in a fixed random order, lines as Apache writes them. */
const write = (file: string, lines: number, addresses: number): void => {
  let state = 42
  const fd = Fs.openSync(file, "w")
  let text = ""
  for (let line = 0; line < lines; line++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    // Every address comes once before any comes at random, so that there are as many as stated.
    const host = line < addresses ? line : Math.floor((state / 2 ** 32) * addresses)
    text += `10.${(host >> 16) & 255}.${(host >> 8) & 255}.${host & 255} - - [23/Nov/2026:10:00:00 +0000] "GET /${line % 977} HTTP/1.1" 200 ${1_000 + (line % 9_000)} "-" "Mozilla/5.0"\n`
    if (text.length > 1_000_000) {
      Fs.writeSync(fd, text)
      text = ""
    }
  }
  Fs.writeSync(fd, text)
  Fs.closeSync(fd)
}

const missing = (program: string) => (): string | undefined =>
  inNamespace.impossible() ??
  (ChildProcess.spawnSync("sh", ["-c", `command -v ${program}`]).status === 0
    ? undefined
    : `${program} is not installed`)

/** `log`: the whole of it, or a tenth of its lines with a tenth of its addresses. */
const subject = (command: ReadonlyArray<string>, log: "whole" | "tenth" = "whole"): Bench.Run => {
  return async (context) => {
    const { folder } = context.environment
    const input = context.environment[log]
    const lines = Number(context.environment["lines"]) / (log === "tenth" ? 10 : 1)
    const output = Path.join(folder!, `${process.pid}.log`)
    const { seconds } = inNamespace.run({ command, input: input!, output, milliseconds: 5 })
    check(context, input!, output)
    Fs.rmSync(output)
    return { "lines/s": lines / seconds, seconds }
  }
}

/** Line by line: the name of the line's address, then the rest as it was. */
const check = (context: Bench.Context, input: string, output: string): void => {
  const before = Fs.readFileSync(input, "latin1").split("\n")
  const after = Fs.readFileSync(output, "latin1").split("\n")
  context.check(before.length === after.length, "as many lines come out as go in")
  const wrong = before.findIndex((line, index) => {
    if (line === "") return after[index] !== ""
    const blank = line.indexOf(" ")
    const name = `host.${line.slice(0, blank).split(".").toReversed().join(".")}.in-addr.arpa`
    const came = after[index]!
    const end = came.indexOf(" ")
    return came.slice(0, end).toLowerCase() !== name || came.slice(end) !== line.slice(blank)
  })
  context.check(wrong < 0, `every address has become its name (line ${wrong + 1})`)
}

const work = "a log of a million lines with 50,000 addresses, names after 5 ms"

/**
 * `logresolve` waits for one name after the other, so that its lines a second do not depend on how many there are, and a
 * tenth of the log tells them in half a minute. Nothing of our own is measured on less than the whole.
 */
const peersOnATenth = "the same, the peers on a log of a tenth of its lines and addresses"

export default Bench.define({
  name: "demo/logs",
  environment: async ({ quick }) => {
    Built.build()
    const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "handoff-bench-logs-"))
    const [whole, tenth] = [Path.join(folder, "access.log"), Path.join(folder, "tenth.log")]
    // Quick: a hundredth of it, where our own start counts for most.
    const lines = quick ? 10_000 : 1_000_000
    write(whole, lines, lines / 20)
    write(tenth, lines / 10, lines / 200)
    return {
      values: { folder, whole, tenth, lines: String(lines) },
      stop: () => Fs.rmSync(folder, { recursive: true, force: true })
    }
  },
  works: [
    {
      name: work,
      // logresolve takes five minutes and a half.
      rounds: 1,
      subjects: {
        "handoff logs": { run: subject(ours), absent: inNamespace.impossible },
        logresolve: { run: subject(["logresolve"]), absent: missing("logresolve") },
        adnslogres: { run: subject(["adnslogres"]), absent: missing("adnslogres") }
      }
    },
    {
      name: peersOnATenth,
      rounds: 3,
      subjects: {
        "handoff logs": { run: subject(ours), absent: inNamespace.impossible },
        logresolve: { run: subject(["logresolve"], "tenth"), absent: missing("logresolve") },
        adnslogres: { run: subject(["adnslogres"], "tenth"), absent: missing("adnslogres") }
      }
    }
  ],
  goals: [
    { work: peersOnATenth, metric: "lines/s", subject: "handoff logs", against: "logresolve", atLeast: 50 },
    { work: peersOnATenth, metric: "lines/s", subject: "handoff logs", against: "adnslogres", atLeast: 2 },
    { work, metric: "lines/s", subject: "handoff logs", against: "logresolve", atLeast: 50 },
    { work, metric: "lines/s", subject: "handoff logs", against: "adnslogres", atLeast: 2 }
  ]
})
