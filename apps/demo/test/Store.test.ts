import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs/promises"
import * as Net from "node:net"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Lab from "#demo/lab/Lab"
import type { Finding } from "#demo/survey/Finding"
import * as Holder from "#demo/survey/Holder"
import * as Store from "#demo/survey/Store"
import { handoff, json, start, until } from "./support/command.ts"
import { aNetwork } from "./support/network.ts"
import { folder } from "./support/folder.ts"

const finding = (line: number, host: string, state: Finding["state"] = "done"): Finding => ({
  line,
  host,
  state,
  addresses: [],
  ports: []
})

/** Findings in the file at this moment, seen from another process. */
const stored = (file: string): number => {
  try {
    const database = new DatabaseSync(file, { readOnly: true })
    const row = database.prepare("SELECT count(*) AS count FROM finding").get()
    database.close()
    return Number(row?.["count"])
  } catch {
    // Not there yet, or being written to.
    return 0
  }
}

/**
 * A service on each of these addresses that greets as long as it has patience, then keeps who comes waiting until it is
 * told to go on. It counts how often each address was asked.
 */
const service = Effect.fnUntraced(function* (addresses: ReadonlyArray<string>, patience: number) {
  const asked = new Map<string, number>()
  const waiting: Array<() => void> = []
  let left = patience
  const serve = (socket: Net.Socket) => {
    const address = socket.localAddress!
    asked.set(address, (asked.get(address) ?? 0) + 1)
    const greet = () => void socket.on("error", () => {}).end(`hello from ${address}\r\n`)
    if (left-- > 0) greet()
    else waiting.push(greet)
  }
  let port = 0
  for (const address of addresses) {
    const server = yield* Effect.acquireRelease(
      Effect.sync(() => Net.createServer(serve)),
      (server) => Effect.sync(() => server.close())
    )
    port = yield* Effect.callback<number, Error>((resume) => {
      server.once("error", (error) => resume(Effect.fail(error)))
      server.listen(port, address, () => resume(Effect.succeed((server.address() as Net.AddressInfo).port)))
    })
  }
  const goOn = () => {
    left = Infinity
    for (const greet of waiting.splice(0)) greet()
  }
  return { asked, goOn, port }
})

describe("a store of findings", () => {
  it.live("goes on with a run that was not finished, and knows the last one that was", () =>
    Effect.gen(function* () {
      const file = Path.join(yield* folder, "findings.sqlite")
      const first = finding(1, "a.example")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const store = yield* Store.open(file)
          assert.isFalse(store.resumed)
          yield* store.add(first)
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const store = yield* Store.open(file)
          assert.isTrue(store.resumed)
          assert.deepStrictEqual(store.has(1, "a.example"), first)
          assert.isUndefined(store.has(2, "a.example"))
          assert.isUndefined(store.before("a.example"))
          yield* store.add(finding(2, "b.example"))
          yield* store.finish
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const store = yield* Store.open(file)
          assert.isFalse(store.resumed)
          assert.isUndefined(store.has(1, "a.example"))
          assert.deepStrictEqual(store.before("a.example"), first)
          assert.isTrue(Store.isSame(finding(9, "a.example"), first))
          assert.isFalse(Store.isSame(finding(1, "a.example", "failed"), first))
        })
      )
    })
  )

  it.live("tells runs about different things apart, and keeps as many of one as it is told to", () =>
    Effect.gen(function* () {
      const file = Path.join(yield* folder, "findings.sqlite")
      const runs: Array<number> = []
      const run = (options: Store.Options, finished: boolean) =>
        Effect.scoped(
          Effect.gen(function* () {
            const store = yield* Store.open(file, options)
            assert.isFalse(store.resumed)
            yield* store.summarize({ of: options.about })
            yield* store.add(finding(1, "a.example"))
            if (finished) yield* store.finish
            runs.push(store.run)
          })
        )
      yield* run({ about: "one" }, false)
      yield* run({ about: "other" }, true)
      yield* run({ about: "one", isNew: true }, true)
      yield* run({ about: "one", isNew: true }, true)
      yield* run({ about: "one", isNew: true, keep: 2 }, true)
      const database = new DatabaseSync(file, { readOnly: true })
      const kept = database.prepare("SELECT DISTINCT run FROM finding ORDER BY run").all()
      assert.deepStrictEqual(
        kept.map(({ run }) => run),
        [runs[1], runs[3], runs[4]]
      )
      assert.strictEqual(database.prepare("SELECT summary FROM run WHERE id = 2").get()?.["summary"], '{"of":"other"}')
      database.close()
    })
  )

  it.live("leaves a run to the process that is at work on it, and says which that is", () =>
    Effect.gen(function* () {
      const file = Path.join(yield* folder, "findings.sqlite")
      const open = Effect.scoped(
        Effect.map(Store.open(file, { about: "one" }), ({ resumed, run }) => ({ resumed, run }))
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Store.open(file, { about: "one" })
          const trouble = yield* Effect.flip(open)
          assert.include(trouble.message, `is in use: process ${process.pid} is at work on the same survey (run 1)`)
          assert.include(trouble.message, "name another store")
          // The one that was refused has not let go of what is not its own.
          yield* Effect.flip(open)
          const other = yield* Effect.scoped(Store.open(file, { about: "other" }))
          assert.isFalse(other.resumed)
        })
      )
      assert.deepStrictEqual(yield* open, { resumed: true, run: 1 })
    }).pipe(Effect.scoped)
  )

  it.live("takes a run over from a process that has crashed", () =>
    Effect.gen(function* () {
      const file = Path.join(yield* folder, "findings.sqlite")
      yield* Effect.scoped(Store.open(file))
      const now = Date.now()
      const self = Holder.self(now)
      const heldBy = (holder: Holder.Holder) => {
        const database = new DatabaseSync(file)
        database.prepare("UPDATE run SET holder = ?").run(JSON.stringify(holder))
        database.close()
        return Effect.match(Effect.scoped(Store.open(file)), {
          onFailure: ({ message }) => message.split("\n")[0]!.split(": ")[1]!,
          onSuccess: ({ resumed }) => resumed
        })
      }
      // Numbers of processes end far below this one, on every system.
      assert.strictEqual(yield* heldBy({ ...self, pid: 2 ** 30 }), true)
      if (self.began !== undefined) assert.strictEqual(yield* heldBy({ ...self, began: "0" }), true)
      const far = { ...self, machine: "far.example" }
      assert.strictEqual(
        yield* heldBy(far),
        `process ${process.pid} on far.example is at work on the same survey (run 1)`
      )
      assert.strictEqual(yield* heldBy({ ...far, seen: now - 120_000 }), true)
    }).pipe(Effect.scoped)
  )

  it.live("of an earlier version is taken over as it is", () =>
    Effect.gen(function* () {
      const file = Path.join(yield* folder, "old.sqlite")
      const database = new DatabaseSync(file)
      database.exec(`
        CREATE TABLE run (id INTEGER PRIMARY KEY, finished INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE finding (run INTEGER NOT NULL, line INTEGER NOT NULL, host TEXT NOT NULL, finding TEXT NOT NULL,
          PRIMARY KEY (run, line, host)) WITHOUT ROWID;
        INSERT INTO run DEFAULT VALUES;
        INSERT INTO finding VALUES (1, 1, 'a.example', '${JSON.stringify(finding(1, "a.example"))}');`)
      database.close()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const store = yield* Store.open(file)
          assert.isTrue(store.resumed)
          assert.deepStrictEqual(store.has(1, "a.example"), finding(1, "a.example"))
        })
      )
    })
  )

  it.live("that is no SQLite file is refused with what to do", () =>
    Effect.gen(function* () {
      const file = Path.join(yield* folder, "not.sqlite")
      yield* Effect.promise(() => Fs.writeFile(file, "no database, only words; and a few more of them".repeat(100)))
      const trouble = yield* Effect.flip(Effect.scoped(Store.open(file)))
      assert.include(trouble.message, "it is not an SQLite file")
      const nowhere = yield* Effect.flip(Effect.scoped(Store.open("/nonexistent/a.sqlite")))
      assert.match(nowhere.message, /cannot open.*\n {2}it has to be a file in a folder that exists/)
    })
  )

  it.live("of a later version, or of another program, is left as it is", () =>
    Effect.gen(function* () {
      const inside = yield* folder
      for (const [name, sql, says] of [
        [
          "newer",
          "PRAGMA user_version = 7; CREATE TABLE finding (a)",
          /is of version 7.*\n {2}use the newer `handoff`/
        ],
        ["other", "CREATE TABLE moz_places (url TEXT)", /the database of another program\n {2}name another file/]
      ] as const) {
        const file = Path.join(inside, name)
        const database = new DatabaseSync(file)
        database.exec(sql)
        database.close()
        const before = yield* Effect.promise(() => Fs.readFile(file))
        const trouble = yield* Effect.flip(Effect.scoped(Store.open(file)))
        assert.match(trouble.message, says)
        assert.isTrue(before.equals(yield* Effect.promise(() => Fs.readFile(file))))
      }
    })
  )

  it.live(
    "compares a survey to those that asked the same",
    () =>
      Effect.gen(function* () {
        const store = Path.join(yield* folder, "findings.sqlite")
        const changed = (...asked: ReadonlyArray<string>) =>
          Effect.map(
            handoff(
              ["survey", "--executor", "reactor", "--store", store, "--changed", "--format", "ndjson", ...asked, "-"],
              { stdin: "127.0.0.1\n" }
            ),
            ({ stdout }) => json(stdout).length
          )
        assert.strictEqual(yield* changed("--ports", "1"), 1)
        assert.strictEqual(yield* changed("--ports", "2"), 1)
        assert.strictEqual(yield* changed("--ports", "1"), 0)
        assert.strictEqual(yield* changed("--ports", "1", "--records", "MX"), 1)
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "lets a survey that was killed go on where it was, and tells what has changed since the last",
    () =>
      Effect.gen(function* () {
        const store = Path.join(yield* folder, "findings.sqlite")
        const network = aNetwork()
        const lab = (seed: number) => ["survey", "--lab", "--hosts", "36", "--network", network, "--seed", String(seed)]
        // Long enough that a machine busy with other things makes no host look silent, and so changed.
        const options = ["--executor", "dns,reactor", "--timeout", "3000", "--format", "ndjson", "--store", store]
        // A crash, not a goodbye: what is not in the file by now is lost. It is written at least every second.
        const killed = start([...lab(1), ...options, "--concurrency", "1"])
        yield* until(killed, () => stored(store) > 0)
        killed.child.kill("SIGKILL")
        yield* Effect.promise(() => killed.ended)
        const rest = yield* handoff([...lab(1), ...options])
        assert.strictEqual(rest.code, 0, rest.stderr)
        assert.include(rest.stderr, "36 hosts: ")
        const restored = /(\d+) of them from before/.exec(rest.stderr)?.[1]
        assert.isAtLeast(Number(restored), 1)
        assert.strictEqual(json(rest.stdout).length, 36 - Number(restored))
        const again = yield* handoff([...lab(1), ...options, "--changed", "--fail-on", "changed"])
        assert.deepStrictEqual([again.code, again.stdout], [0, ""])
        const other = yield* handoff([...lab(2), ...options, "--changed", "--fail-on", "changed"])
        assert.strictEqual(other.code, 3)
        assert.isAtLeast(json(other.stdout).length, 5)
      }).pipe(Effect.scoped),
    90_000
  )

  it.live(
    "lets a survey stopped by Ctrl-C go on where it stopped: who was asked is not asked again",
    () =>
      Effect.gen(function* () {
        const inside = yield* folder
        const [store, file] = [Path.join(inside, "findings.sqlite"), Path.join(inside, "hosts.txt")]
        const { nameServer, plan } = yield* Lab.make({ network: aNetwork(), hosts: 20, broken: 0, namesOnly: true })
        const { asked, goOn, port } = yield* service(
          plan.hosts.map(({ ipv4 }) => ipv4),
          8
        )
        yield* Effect.promise(() => Fs.writeFile(file, plan.hosts.map(({ name }) => `${name}\n`).join("")))
        const server = ["--name-server", `${nameServer.address}:${nameServer.port}`]
        const patient = ["--timeout", "60000", "--retries", "0", "--concurrency", "2"]
        const wanted = ["--ports", `${port}/greeting`, "--format", "ndjson", "--store", store]
        const survey = ["survey", file, ...server, "--executor", "dns,reactor", ...patient, ...wanted]
        const stopped = start(survey)
        yield* until(stopped, ({ stdout }) => stdout().split("\n").length > 8)
        stopped.child.kill("SIGINT")
        const first = yield* Effect.promise(() => stopped.ended)
        assert.strictEqual(first.code, 130, first.stderr)
        assert.include(first.stderr, "stopped after 8 of 20 hosts: 8 done")
        goOn()
        const rest = yield* handoff(survey)
        assert.strictEqual(rest.code, 0, rest.stderr)
        assert.include(rest.stderr, "20 hosts: 20 done, 0 failed, 8 of them from before")
        const [before, after] = [json(first.stdout), json(rest.stdout)]
        assert.deepStrictEqual([before.length, after.length], [8, 12])
        assert.deepStrictEqual(
          [...before, ...after].map(({ host }): string => host).toSorted(),
          plan.hosts.map(({ name }) => name).toSorted()
        )
        // The two that had not answered when it was stopped are the only ones that can be asked once more.
        const addresses = (findings: ReadonlyArray<any>) => findings.map((found): string => found.addresses[0].address)
        for (const address of addresses(before)) assert.strictEqual(asked.get(address), 1, address)
        const twice = addresses(after).filter((address) => asked.get(address) !== 1)
        assert.isAtMost(twice.length, 2)
        for (const address of twice) assert.strictEqual(asked.get(address), 2, address)
      }).pipe(Effect.scoped),
    60_000
  )
})
