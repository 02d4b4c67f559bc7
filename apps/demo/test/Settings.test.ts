import { assert, describe, it } from "@effect/vitest"
import * as Settings from "#demo/program/Settings"
import { Trouble } from "#demo/program/Trouble"

const merge = (sources: Partial<Parameters<typeof Settings.merge>[0]>): Settings.Settings => {
  const settings = Settings.merge({ flags: {}, environment: {}, ...sources })
  return settings instanceof Trouble ? assert.fail(settings.message) : settings
}

const trouble = (value: unknown): string =>
  value instanceof Trouble ? value.message : assert.fail("should have been refused")

describe("settings", () => {
  it("come from the flag, then the environment, then the file, then the default, and say so", () => {
    const file = { name: "handoff.json", words: { executor: "threads", call: "threads", timeout: "7" } }
    const settings = merge({
      flags: { executor: "reactor" },
      environment: { HANDOFF_EXECUTOR: "dns", HANDOFF_CALL: "reactor" },
      file
    })
    assert.deepStrictEqual(settings.executor, ["reactor"])
    assert.strictEqual(settings.call, "reactor")
    assert.strictEqual(settings.timeout, 7)
    assert.deepStrictEqual(settings.origins, {
      executor: "--executor",
      lookup: "default",
      exchange: "default",
      call: "HANDOFF_CALL",
      nameServer: "default",
      threads: "default",
      database: "default",
      concurrency: "default",
      timeout: "handoff.json",
      ports: "default"
    })
  })

  it("are the same by flag, by environment and by file", () => {
    const words = {
      executor: "dns,reactor",
      lookup: "dns",
      exchange: "reactor",
      call: "threads",
      ports: "22,8080/http"
    }
    const byFlag = merge({ flags: words })
    const byEnvironment = merge({
      environment: Object.fromEntries(
        Object.entries(words).map(([key, value]) => [Settings.variableName(key as Settings.Key), value])
      )
    })
    const parsed = Settings.parseFile("f.json", JSON.stringify({ ...words, executor: ["dns", "reactor"] }))
    if (parsed instanceof Trouble) return assert.fail(parsed.message)
    const byFile = merge({ file: { name: "f.json", words: parsed } })
    for (const key of Settings.keys) {
      assert.deepStrictEqual(byEnvironment[key], byFlag[key])
      assert.deepStrictEqual(byFile[key], byFlag[key])
    }
  })

  it("that are wrong are all named, with where they came from and what there is", () => {
    const words = trouble(
      Settings.merge({
        flags: { executor: "threads,fibers" },
        environment: { HANDOFF_TIMEOUT: "soon" },
        file: { name: "handoff.json", words: { concurrency: "0", ports: "22,http" } }
      })
    )
    assert.include(words, '--executor: "fibers" is not a strategy; there are threads, reactor, dns')
    assert.include(words, 'HANDOFF_TIMEOUT: "soon" is not a whole number from 1 to 600000')
    assert.include(words, 'handoff.json, concurrency: "0" is not a whole number')
    assert.include(words, "handoff.json, ports: not a port: http")
  })

  it("files with unknown keys, or that are no JSON, are refused with what was probably meant", () => {
    assert.include(trouble(Settings.parseFile("f.json", '{"executer": "dns"}')), 'did you mean "executor"?')
    assert.include(trouble(Settings.parseFile("f.json", "{")), "f.json is not JSON")
    assert.include(trouble(Settings.parseFile("f.json", "[1]")), "not a JSON object")
    assert.include(trouble(Settings.parseFile("f.json", '{"timeout": true}')), "timeout must be")
  })

  it("name servers are addresses with or without a port", () => {
    for (const [words, server] of [
      ["127.0.0.1", { address: "127.0.0.1", port: 53 }],
      ["127.77.0.53:5300", { address: "127.77.0.53", port: 5300 }],
      ["[::1]:53", { address: "::1", port: 53 }]
    ] as const) {
      assert.deepStrictEqual(merge({ flags: { nameServer: words } }).nameServer, server)
    }
    trouble(Settings.merge({ flags: { nameServer: "ns.example" }, environment: {} }))
  })
})
