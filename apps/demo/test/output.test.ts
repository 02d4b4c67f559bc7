import { assert, describe, it } from "@effect/vitest"
import * as Progress from "#demo/output/Progress"
import * as Table from "#demo/output/Table"

describe("a table", () => {
  it("has columns as wide as their widest cell, numbers to the right and long cells cut", () => {
    assert.strictEqual(
      Table.format(
        [
          { title: "name", widest: 6 },
          { title: "n", align: "right" }
        ],
        [
          ["a", "100"],
          ["b\u00fccher", "2"],
          ["longer name", ""]
        ]
      ),
      ["name      n", "------  ---", "a       100", "b\u00fccher    2", "lon..."].join("\n")
    )
  })
})

describe("the progress bar", () => {
  it("shows how much is done, how fast, and what is left", () => {
    assert.strictEqual(
      Progress.bar("survey", { done: 45, failed: 5, total: 100 }, 5_000, 80),
      `survey [${"#".repeat(15)}${".".repeat(15)}] 50/100 hosts, 5 failed (10/s, 5 s left)`
    )
  })

  it("never wraps, whatever the terminal's width, and knows no total before it is known", () => {
    for (let columns = 1; columns < 120; columns++) {
      const bar = Progress.bar("survey", { done: 12_345, failed: 6, total: 99_999 }, 60_000, columns)
      assert.isAtMost(bar.length, columns)
    }
    assert.notInclude(Progress.plain("survey", { done: 3, failed: 0, total: undefined }, 2_000), "left")
  })
})
