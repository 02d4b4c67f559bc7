import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { gzipSync } from "node:zlib"
import { type Ended, handoff, json, main, start, until } from "./support/command.ts"
import { aNetwork } from "./support/network.ts"
import { folder } from "./support/folder.ts"

const patience = 120_000

/** A name server that is not there: names are refused at once. */
const nobody = ["--name-server", "127.0.0.1:9", "--executor", "dns,reactor"]

/** Octets of which a seed decides. */
const noise = (count: number, seed: number): Uint8Array => {
  let state = seed
  return new Uint8Array(count).map(() => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24)
}

/** Runs a script in a shell where `handoff` is the command. */
const shell = (command: string, args: ReadonlyArray<string>, script: string) =>
  Effect.callback<Ended>((resume) => {
    const handoff = `handoff() { "${process.execPath}" --conditions=@handoff/source "${main}" "$@"; }\n`
    const child = ChildProcess.spawn(command, [...args, handoff + script], {
      env: { ...process.env, HANDOFF_CONFIG: "none", PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` }
    })
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (data) => (stdout += data))
    child.stderr.on("data", (data) => (stderr += data))
    child.on("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

describe("bad input", () => {
  it.live(
    "as a binary log comes out as it went in",
    () =>
      Effect.gen(function* () {
        const file = Path.join(yield* folder, "binary.log")
        const octets = noise(3_000_000, 11)
        Fs.writeFileSync(file, octets)
        const out = `${file}.out`
        const end = yield* shell("sh", ["-c"], `handoff logs ${nobody.join(" ")} ${file} > ${out}`)
        assert.strictEqual(end.code, 0, end.stderr)
        assert.isTrue(Fs.readFileSync(out).equals(Buffer.from(octets)))
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "as lines of a megabyte is rewritten by logs, and named by survey",
    () =>
      Effect.gen(function* () {
        const file = Path.join(yield* folder, "long")
        const line = `127.0.0.1 ${"x".repeat(1_048_576)}\n`
        Fs.writeFileSync(file, line.repeat(20))
        const out = `${file}.out`
        const end = yield* shell("sh", ["-c"], `handoff logs ${nobody.join(" ")} ${file} > ${out}`)
        assert.strictEqual(end.code, 0, end.stderr)
        assert.include(end.stderr, "20 lines")
        assert.isTrue(
          Fs.readFileSync(out, "latin1")
            .split("\n")
            .every((after) => after === "" || after.endsWith("xxx"))
        )
        assert.strictEqual(Fs.statSync(out).size, Fs.statSync(file).size)
        const surveyed = yield* handoff(["survey", ...nobody, file])
        assert.strictEqual(surveyed.code, 0)
        assert.strictEqual(surveyed.stderr.match(/line too long: 1048586 octets, at most 4096/g)?.length, 20)
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "as a million lines of which half are nonsense is reported line by line, and the rest is surveyed",
    () =>
      Effect.gen(function* () {
        const file = Path.join(yield* folder, "hosts")
        const nonsense = ["a..b", "-", "300.1.1.1", "x 0", `${"y".repeat(64)}.example`]
        let text = ""
        for (let line = 1; line <= 1_000_000; line++) {
          // Comments are good lines that cost no host; every thousandth line is one that is surveyed.
          text += line % 2 === 0 ? `${nonsense[line % 5]}\n` : line % 1_000 === 1 ? "127.0.0.1\n" : "# good\n"
        }
        Fs.writeFileSync(file, text)
        const [out, err] = [`${file}.out`, `${file}.err`]
        const script = `handoff survey ${nobody.join(" ")} --ports 9 --quiet ${file} > ${out} 2> ${err}`
        assert.strictEqual((yield* shell("sh", ["-c"], script)).code, 0)
        const findings = json(Fs.readFileSync(out, "utf8"))
        assert.strictEqual(findings.length, 1_000)
        assert.isTrue(findings.every(({ line }) => line % 1_000 === 1))
        const complaints = Fs.readFileSync(err, "utf8").trimEnd().split("\n")
        assert.strictEqual(complaints.length, 500_000)
        const wrong = complaints.findIndex((words, index) => !words.startsWith(`${file}:${2 * (index + 1)}: `))
        assert.strictEqual(wrong, -1, complaints[wrong])
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "as a range of sixteen million addresses is begun at once, in little memory",
    () =>
      Effect.gen(function* () {
        const figures = Path.join(yield* folder, "figures.json")
        const running = start(["survey", ...nobody, "--ports", "9", "--concurrency", "500", "--figures", figures, "-"])
        running.child.stdin.end("127.0.0.0/8\n127.0.0.0/8\n")
        yield* until(running, ({ stdout }) => stdout().split("\n").length > 3_000)
        running.child.kill("SIGINT")
        const end = yield* Effect.promise(() => running.ended)
        assert.strictEqual(end.code, 130, end.stderr)
        const hosts = new Set(json(end.stdout).map(({ host }) => host))
        assert.isAtLeast(hosts.size, 3_000)
        assert.isTrue(hosts.has("127.0.0.0") && hosts.has("127.0.1.255"))
        assert.isBelow(JSON.parse(Fs.readFileSync(figures, "utf8")).cost.memoryMiB, 400)
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "as gzip that breaks off, or is none after its first octets, is named",
    () =>
      Effect.gen(function* () {
        const packed = gzipSync("127.0.0.1 a\n".repeat(100_000))
        const cut = yield* handoff(["logs", ...nobody], { stdin: packed.subarray(0, packed.length / 2) })
        assert.strictEqual(cut.code, 1)
        assert.include(cut.stderr, "cannot read standard input")
        assert.isTrue(cut.stdout === "" || cut.stdout.endsWith("\n"))
        const broken = yield* handoff(["logs", ...nobody], {
          stdin: Buffer.concat([packed.subarray(0, 20), noise(500, 3)])
        })
        assert.strictEqual(broken.code, 1)
        assert.include(broken.stderr, "cannot read standard input")
      }),
    patience
  )

  it.live(
    "as settings: unknown keys and wrong values are all named at once, wherever they come from",
    () =>
      Effect.gen(function* () {
        const file = Path.join(yield* folder, "handoff.json")
        Fs.writeFileSync(file, '{"timeuot": 3, "concurrency": "many", "nonsense": {}}')
        for (const command of [["survey", "--lab"], ["explain"], ["logs"]]) {
          const end = yield* handoff([...command, "--config", file])
          assert.strictEqual(end.code, 2)
          assert.include(end.stderr, 'unknown key "timeuot"; did you mean "timeout"?')
          assert.include(end.stderr, 'unknown key "nonsense"')
          assert.include(end.stderr, 'concurrency: "many" is not a whole number')
          assert.strictEqual(end.stdout, "")
        }
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "as authorities that are none, and a zone file with a mistake, says where",
    () =>
      Effect.gen(function* () {
        const inside = yield* folder
        const [pem, zone] = [Path.join(inside, "ca.pem"), Path.join(inside, "zone")]
        Fs.writeFileSync(pem, "nothing")
        Fs.writeFileSync(zone, "$ORIGIN example.\n$TTL 60\na A 192.0.2.1\nb A 192.0.2.999\n")
        const untrusted = yield* handoff(["survey", "--ca", pem, "--lab"])
        assert.strictEqual(untrusted.code, 1)
        assert.include(untrusted.stderr, "holds no certificate in PEM")
        const mistaken = yield* handoff(["survey", "--zone", zone])
        assert.strictEqual(mistaken.code, 1)
        assert.include(mistaken.stderr, `${zone}:4:`)
      }).pipe(Effect.scoped),
    patience
  )
})

describe("a port in use", () => {
  it.live(
    "ends the lab with where and what to do",
    () =>
      Effect.gen(function* () {
        const network = aNetwork()
        const args = ["lab", "--hosts", "3", "--network", network, "--dns-port", "5399"]
        const first = start(args)
        yield* until(first, ({ stdout }) => stdout().includes("Ctrl-C ends it"))
        const second = yield* handoff(args)
        first.child.kill("SIGINT")
        yield* Effect.promise(() => first.ended)
        assert.strictEqual(second.code, 1)
        assert.include(second.stderr, `cannot listen on ${network}.0.53:5399 (EADDRINUSE)`)
        assert.include(second.stderr, "choose another network")
      }),
    patience
  )
})

describe("a full disk", () => {
  it.live(
    "that takes nothing at all ends a command with what is wrong",
    () =>
      Effect.gen(function* () {
        if (!Fs.existsSync("/dev/full")) return console.log("skipped: no /dev/full here")
        for (const command of [
          `printf '127.0.0.1\\n' | handoff survey ${nobody.join(" ")} --ports 9 -`,
          `printf '127.0.0.1 a\\n' | handoff logs ${nobody.join(" ")}`,
          // What these print is written when they are over.
          "handoff --help",
          "handoff completions bash"
        ]) {
          const end = yield* shell("sh", ["-c"], `${command} > /dev/full`)
          assert.strictEqual(end.code, 1, end.stderr)
          assert.include(end.stderr, "cannot write the output (ENOSPC)")
          assert.notInclude(end.stderr, "a fault of its own")
        }
        const figures = yield* shell(
          "sh",
          ["-c"],
          "printf '127.0.0.1\\n' | handoff survey --ports 9 --figures /dev/full -"
        )
        assert.strictEqual(figures.code, 1)
        assert.include(figures.stderr, "cannot write /dev/full (ENOSPC)")
      }),
    patience
  )

  const mountable =
    ChildProcess.spawnSync("unshare", ["-Urm", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]).status === 0
  if (!mountable) console.log("skipped: no small disk can be mounted here (unshare -Urm)")
  it.live.skipIf(!mountable)(
    "that fills up keeps whole lines only: findings, logs, and the store",
    () =>
      Effect.gen(function* () {
        const inside = yield* folder
        const small = (script: string, size = "64k") =>
          shell("unshare", ["-Urm", "sh", "-c"], `mount -t tmpfs -o size=${size} tmpfs /mnt\n${script}`)
        const log = Path.join(inside, "log")
        Fs.writeFileSync(log, Array.from({ length: 20_000 }, (_, line) => `no address in line ${line}\n`).join(""))
        const logs = yield* small(
          `handoff logs ${nobody.join(" ")} ${log} > /mnt/out; echo $? > ${inside}/code; cat /mnt/out`
        )
        assert.strictEqual(Fs.readFileSync(`${inside}/code`, "utf8"), "1\n")
        assert.include(logs.stderr, "cannot write the output (ENOSPC)")
        assert.isTrue(logs.stdout === "" || logs.stdout.endsWith("\n"))
        assert.isTrue(Fs.readFileSync(log, "utf8").startsWith(logs.stdout))
        const hosts = Path.join(inside, "hosts")
        Fs.writeFileSync(hosts, "127.0.0.0/21\n")
        const survey = yield* small(
          `handoff survey ${nobody.join(" ")} --ports 9 ${hosts} > /mnt/out; echo $? > ${inside}/code; cat /mnt/out`
        )
        assert.strictEqual(Fs.readFileSync(`${inside}/code`, "utf8"), "1\n")
        assert.include(survey.stderr, "cannot write the output (ENOSPC)")
        assert.isAbove(json(survey.stdout).length, 10)
        assert.isTrue(survey.stdout.endsWith("}\n"))
        const store = yield* small(
          `handoff survey ${nobody.join(" ")} --ports 9 --store /mnt/store ${hosts} > ${inside}/out; echo $? > ${inside}/code`,
          // An empty store takes half of it.
          "160k"
        )
        assert.strictEqual(Fs.readFileSync(`${inside}/code`, "utf8"), "1\n", store.stderr)
        assert.include(store.stderr, "cannot write the store /mnt/store: database or disk is full\n  the disk is full")
        assert.isAbove(json(Fs.readFileSync(`${inside}/out`, "utf8")).length, 10)
      }).pipe(Effect.scoped),
    patience
  )
})

describe("a closed pipe", () => {
  for (const args of [
    ["lookup", "127.0.0.1", "--name-server", "127.0.0.1:9"],
    ["explain"],
    ["config", "show"],
    ["--help"]
  ]) {
    it.live(
      `that was never read ends a short command quietly: ${args[0]}`,
      () =>
        Effect.gen(function* () {
          const running = start(args)
          running.child.stdout.destroy()
          const end = yield* Effect.promise(() => running.ended)
          assert.oneOf(end.code, [0, 141], end.stderr)
          assert.strictEqual(end.stderr, "")
        }),
      patience
    )
  }

  it.live(
    "that was never read ends compare with no more than its rounds on stderr",
    () =>
      Effect.gen(function* () {
        const args = ["--hosts", "3", "--rounds", "1", "--span", "100", "--network", aNetwork(), "--choices", "reactor"]
        const running = start(["compare", ...args])
        running.child.stdout.destroy()
        const end = yield* Effect.promise(() => running.ended)
        assert.strictEqual(end.code, 141, end.stderr)
        assert.match(end.stderr, /^round 1 of 1: reactor$/m)
        for (const line of end.stderr.trimEnd().split("\n")) assert.match(line, /^(round 1 of 1: |handoff: no private)/)
      }),
    patience
  )

  it.live(
    "ends logs quietly, also where nothing more would have been written",
    () =>
      Effect.gen(function* () {
        const running = start(["logs", ...nobody])
        running.child.stdin.write("one 1\n".repeat(200_000))
        running.child.stdout.once("data", () => running.child.stdout.destroy())
        const end = yield* Effect.promise(() => running.ended)
        assert.strictEqual(end.code, 141)
        assert.notInclude(end.stderr, "a fault of its own")
      }),
    patience
  )
})
