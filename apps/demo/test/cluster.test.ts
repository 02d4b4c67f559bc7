/** The command on a cluster: in one process; and by the recipe of the how-to, with a database and three runners. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Url from "node:url"
import { handoff, json, main, start, until } from "./support/command.ts"
import { aNetwork } from "./support/network.ts"
import { absent, binaries, freePort, server } from "./support/database.ts"
import { folder } from "./support/folder.ts"

const byLine = (lines: string) => json(lines).toSorted((a, b) => a.line - b.line)

describe("handoff with --executor cluster", () => {
  it.live(
    "surveys without a server, and finds what the other strategies find",
    () =>
      Effect.gen(function* () {
        const lab = ["--lab", "--hosts", "30", "--network", aNetwork(), "--format", "ndjson", "--timeout", "3000"]
        const [mixed, cluster] = yield* Effect.all([
          handoff(["survey", ...lab]),
          handoff(["survey", ...lab, "--executor", "cluster"])
        ])
        assert.strictEqual(cluster.code, 0, cluster.stderr)
        assert.include(cluster.stderr, "; cluster: ")
        assert.isAtLeast(byLine(cluster.stdout).filter(({ state }) => state === "done").length, 15)
        assert.deepStrictEqual(byLine(cluster.stdout), byLine(mixed.stdout))
      }),
    180_000
  )

  it.live(
    "compares it with another strategy",
    () =>
      Effect.gen(function* () {
        const args = ["compare", "--hosts", "5", "--rounds", "1", "--network", aNetwork(), "--span", "100", "--choices"]
        const { code, stderr, stdout } = yield* handoff([...args, "dns,reactor,threads cluster"])
        assert.strictEqual(code, 0, stderr)
        assert.match(stdout, /\ncluster +cluster +\d/)
      }),
    180_000
  )

  it.live("says what is wrong with a database, without its password, and what to do", () =>
    Effect.gen(function* () {
      const survey = ["survey", "-", "--executor", "cluster", "--database"]
      const away = yield* handoff([...survey, "postgres://u:secret@127.0.0.1:1/x"])
      assert.strictEqual(away.code, 1)
      assert.match(away.stderr, /the cluster cannot be joined: .*start PostgreSQL there/)
      assert.notInclude(away.stderr, "secret")
      const lab = yield* handoff([...survey, "postgres://u@127.0.0.1:1/x", "--name-server", "127.77.0.53:5300"])
      assert.match(lab.stderr, /start them with --name-server 127\.77\.0\.53:5300/)
      const wrong = yield* handoff([...survey, "mysql://127.0.0.1/x"])
      assert.include(wrong.stderr, "--database: not postgres://user@host:5432/name")
    })
  )

  it.live("starts no runner without a database, and none that would hand its tasks on", () =>
    Effect.gen(function* () {
      const alone = yield* handoff(["runner"])
      assert.strictEqual(alone.code, 2)
      assert.include(alone.stderr, "a runner needs the database that it shares with others")
      const circle = yield* handoff(["runner", "--database", "postgres://127.0.0.1:1/x", "--executor", "cluster"])
      assert.include(circle.stderr, "cannot hand them to a cluster")
    })
  )
})

if (absent !== undefined) console.log(`not run: ${absent}`)

describe.skipIf(absent !== undefined)("a runner whose database goes away", () => {
  it.live(
    "says so in a line, and in another that it is back, and nothing else until its end",
    () =>
      Effect.gen(function* () {
        const { down, up, url } = yield* server
        const runner = yield* Effect.acquireRelease(
          Effect.map(freePort, (port) => start(["runner", "--port", String(port), "--database", url])),
          ({ child, ended }) =>
            Effect.promise(() => {
              child.kill("SIGKILL")
              return ended
            })
        )
        yield* until(runner, ({ stdout }) => stdout().includes("runs tasks on"))
        for (const times of [1, 2]) {
          const saysAgain = (words: string) => until(runner, ({ stderr }) => stderr().split(words).length === times + 1)
          yield* down
          yield* saysAgain("is away")
          yield* up
          yield* saysAgain("is back after")
        }
        runner.child.kill("SIGINT")
        const { code, stderr } = yield* Effect.promise(() => runner.ended)
        const away = /^handoff: \S+Z the database is away: .*; tasks wait until it is back$/
        const back = /^handoff: \S+Z the database is back after \d+ s$/
        const lines = stderr.trimEnd().split("\n")
        assert.strictEqual(lines.length, 4, stderr)
        for (const [i, line] of lines.entries()) assert.match(line, i % 2 === 0 ? away : back)
        assert.strictEqual(code, 130)
      }),
    120_000
  )
})

const guide = Url.fileURLToPath(new URL("../../../docs/how-to/outgrow-one-machine.md", import.meta.url))

const script = (file: string, line: string) => Fs.writeFileSync(file, `#!/bin/sh\n${line}\n`, { mode: 0o755 })

/** What is left of a recipe that failed: its group of processes, and PostgreSQL, which has a session of its own. */
const endRemains = (group: number, place: string) => {
  try {
    process.kill(-group, "SIGKILL")
  } catch {
    // All of it has ended.
  }
  const postmaster = Path.join(place, "cluster-data", "postmaster.pid")
  if (Fs.existsSync(postmaster)) process.kill(Number(Fs.readFileSync(postmaster, "utf8").split("\n")[0]), "SIGQUIT")
}

describe.skipIf(absent !== undefined)("the recipe with three runners", () => {
  it.live(
    "starts PostgreSQL and three runners, surveys on them to the end though one is killed, and ends them",
    () =>
      Effect.gen(function* () {
        const place = yield* folder
        const bin = Path.join(place, "bin")
        Fs.mkdirSync(bin)
        script(Path.join(bin, "handoff"), `exec ${process.execPath} --conditions=@handoff/source ${main} "$@"`)
        if (process.getuid?.() === 0) {
          // PostgreSQL refuses to run as root; the user of Debian's package does it for the test.
          Fs.chmodSync(place, 0o777)
          for (const name of ["initdb", "pg_ctl"]) {
            script(Path.join(bin, name), `exec runuser -u postgres -- ${binaries}/${name} "$@"`)
          }
        }
        const hosts = 60
        let recipe = /```sh recipe\n([^]*?)```/.exec(Fs.readFileSync(guide, "utf8"))![1]!
        // The same lines, on ports that nobody else has and on a lab of this test's own, whose silent hosts take some seconds:
        // until those are up the survey is in its middle.
        for (const port of ["5439", "5300", "7001", "7002", "7003"]) {
          recipe = recipe.replaceAll(port, String(yield* freePort))
        }
        const network = aNetwork()
        recipe = recipe
          .replaceAll("127.77.", `${network}.`)
          .replaceAll("handoff lab", `handoff lab --hosts ${hosts} --network ${network}`)
          .replace("handoff survey", "handoff survey --timeout 5000")
          .replace("kill -KILL", "echo killed at $(wc -l < findings.ndjson); kill -KILL")
        const child = yield* Effect.acquireRelease(
          Effect.sync(() =>
            ChildProcess.spawn("bash", ["-e", "-c", recipe], {
              cwd: place,
              // A group of its own, so that what a failed line leaves behind ends with the test.
              detached: true,
              env: { PATH: `${bin}:${process.env["PATH"]}`, HOME: place, HANDOFF_CONFIG: "none" }
            })
          ),
          ({ pid }) => Effect.sync(() => endRemains(pid!, place))
        )
        const output = { code: null as number | null, out: "", err: "" }
        child.stdout.on("data", (piece) => (output.out += piece))
        child.stderr.on("data", (piece) => (output.err += piece))
        output.code = yield* Effect.promise(
          () =>
            new Promise<number | null>((resolve) => {
              // What a failed line leaves running keeps its pipes open.
              child.on("exit", (code) => code !== 0 && resolve(code))
              child.on("close", resolve)
            })
        )
        assert.strictEqual(output.code, 0, output.err)
        assert.match(output.out, /runner 127\.0\.0\.1:\d+ of postgres:\S+ runs tasks on dns,reactor,threads/)
        const killedAt = Number(/killed at (\d+)/.exec(output.out)?.[1])
        assert.isAtLeast(killedAt, 1)
        assert.isBelow(killedAt, hosts, "the runner was killed when all was done")
        const findings = json(Fs.readFileSync(Path.join(place, "findings.ndjson"), "utf8"))
        assert.strictEqual(findings.length, hosts, output.err)
        assert.strictEqual(new Set(findings.map(({ line }) => line)).size, hosts, "a host was found twice")
        assert.isAtLeast(findings.filter(({ state }) => state === "done").length, hosts / 2)
      }),
    240_000
  )
})
