/** The command on a cluster: in one process; and by the recipe of the how-to, with a database and three runners. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Url from "node:url"
import { handoff, json, main } from "./support/command.ts"
import { aNetwork } from "./support/network.ts"
import { absent, binaries, freePort } from "./support/database.ts"
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

const guide = Url.fileURLToPath(new URL("../../../docs/how-to/outgrow-one-machine.md", import.meta.url))

const script = (file: string, line: string) => Fs.writeFileSync(file, `#!/bin/sh\n${line}\n`, { mode: 0o755 })

describe.skipIf(absent !== undefined)("the recipe with three runners", () => {
  it.live(
    "starts PostgreSQL and three runners, surveys on them, and ends them",
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
        let recipe = /```sh recipe\n([^]*?)```/.exec(Fs.readFileSync(guide, "utf8"))![1]!
        // The same lines, on ports that nobody else has and on a lab of this test's own.
        for (const port of ["5439", "5300", "7001", "7002", "7003"]) {
          recipe = recipe.replaceAll(port, String(yield* freePort))
        }
        const network = aNetwork()
        recipe = recipe
          .replaceAll("127.77.", `${network}.`)
          .replaceAll("handoff lab", `handoff lab --hosts 30 --network ${network}`)
          .replace("handoff survey", "handoff survey --format ndjson --timeout 3000")
        const output = yield* Effect.callback<{
          readonly code: number | null
          readonly out: string
          readonly err: string
        }>((resume) => {
          const child = ChildProcess.spawn("bash", ["-e", "-c", recipe], {
            cwd: place,
            // A group of its own, so that what a failed line leaves behind ends with the test.
            detached: true,
            env: { PATH: `${bin}:${process.env["PATH"]}`, HOME: place, HANDOFF_CONFIG: "none" }
          })
          let [out, err] = ["", ""]
          child.stdout.on("data", (piece) => (out += piece))
          child.stderr.on("data", (piece) => (err += piece))
          child.on("close", (code) => resume(Effect.succeed({ code, out, err })))
          return Effect.sync(() => process.kill(-child.pid!, "SIGTERM"))
        })
        assert.match(output.out, /runner 127\.0\.0\.1:\d+ of postgres:\S+ runs tasks on dns,reactor,threads/)
        const findings = json(
          output.out
            .split("\n")
            .filter((line) => line.startsWith('{"line"'))
            .join("\n")
        )
        assert.strictEqual(findings.length, 30, output.err)
        assert.isAtLeast(findings.filter(({ state }) => state === "done").length, 15)
        assert.strictEqual(output.code, 0, output.err)
      }),
    240_000
  )
})
