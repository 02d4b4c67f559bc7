import { assert, describe, it } from "@effect/vitest"
import { Assignments } from "@handoff/cluster"
import * as Runner from "effect/cluster/Runner"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import { Load } from "#src/Load"

const runner = (port: number, isHealthy = true, weight = 1) =>
  [Runner.make({ address: RunnerAddress.make("127.0.0.1", port), groups: ["default"], weight }), isHealthy] as const

describe("the view of who serves what", () => {
  it("gives every shard to a healthy runner, about as many as its weight says", () => {
    const { owners, runners } = Assignments.viewOf([runner(7003, true, 2), runner(7001), runner(7002, false)], 300)
    assert.deepStrictEqual(
      runners.map(({ address, isHealthy }) => [address, isHealthy]),
      [
        ["127.0.0.1:7001", true],
        ["127.0.0.1:7002", false],
        ["127.0.0.1:7003", true]
      ]
    )
    assert.strictEqual(owners.length, 300)
    assert.strictEqual(runners[1]!.shards, 0)
    assert.isAbove(runners[2]!.shards, 1.3 * runners[0]!.shards)
  })

  it("has no owners while nobody is there", () => {
    assert.deepStrictEqual(Assignments.viewOf([runner(7001, false)], 300).owners, [])
  })
})

describe("the load", () => {
  const load = (view: Assignments.View) => new Load(8, { view: () => view, shardOf: (partition) => partition })

  it("sends to the runner with the least on its way for its share", () => {
    // Runner 0 serves partitions 0 and 1, runner 1 the other six.
    const view = {
      runners: [0, 1].map((i) => ({ address: `r${i}:1`, isHealthy: true, shards: i === 0 ? 2 : 6 })),
      owners: [0, 0, 1, 1, 1, 1, 1, 1]
    }
    const counts = [0, 0]
    const one = load(view)
    for (let i = 0; i < 800; i++) {
      const partition = one.least()
      one.add(partition, 1)
      counts[view.owners[partition]!]!++
    }
    assert.deepStrictEqual(counts, [200, 600])
    assert.deepInclude(one.stats(), { runners: 2, shards: 8, "runner r0:1 tasks": 200, "runner r1:1 tasks": 600 })
  })

  it("keeps count of what is on its way when partitions move to another runner", () => {
    const at = (owner: number): Assignments.View => ({
      runners: [0, 1].map((i) => ({ address: `r${i}:1`, isHealthy: i === owner, shards: i === owner ? 8 : 0 })),
      owners: Array.from({ length: 8 }, () => owner)
    })
    let view = at(0)
    const one = new Load(8, { view: () => view, shardOf: (partition) => partition })
    one.add(one.least(), 5)
    view = at(1)
    assert.deepInclude(one.stats(), { runners: 1, runnersAway: 1, "runner r0:1 tasks": 0, "runner r1:1 tasks": 5 })
  })
})
