import { assert, describe, it } from "@effect/vitest"
import * as Csv from "#demo/output/Csv"
import * as Html from "#demo/output/Html"
import * as Markdown from "#demo/output/Markdown"
import * as Progress from "#demo/output/Progress"
import * as Table from "#demo/output/Table"
import type { Finding } from "#demo/survey/Finding"

const findings: ReadonlyArray<Finding> = [
  {
    line: 2,
    host: "b.example",
    state: "done",
    addresses: [{ address: "192.0.2.1", names: ["b.example"] }],
    agrees: true,
    ports: [{ port: 22, protocol: "greeting", state: "open", says: '=cmd|"<script>alert(1)</script>", x' }],
    fingerprint: "abc"
  },
  { line: 1, host: "a.example", state: "failed", problem: "not-found", addresses: [], ports: [] }
]

describe("findings", () => {
  it("as CSV have a cell for each column, quoted where RFC 4180 says so", () => {
    assert.strictEqual(
      findings.map(Csv.row).join(""),
      '2,b.example,done,,192.0.2.1,b.example,true,"22/greeting: =cmd|""<script>alert(1)</script>"", x",abc\r\n' +
        "1,a.example,failed,not-found,,,,,\r\n"
    )
    assert.strictEqual(Csv.header.split(",").length, 9)
  })

  it("as Markdown and HTML are text, whatever hosts say, in the order of the hosts file", () => {
    const markdown = Markdown.format(findings).split("\n")
    assert.match(markdown[2]!, /^\| a\.example \| failed: not-found \|/)
    assert.include(markdown[3]!, '=cmd\\|"\\<script\\>')
    const html = Html.format(findings)
    assert.notInclude(html, "<script")
    assert.include(html, "&lt;script&gt;")
    assert.include(html, "1 done, 1 failed.")
    assert.isBelow(html.indexOf("a.example"), html.lastIndexOf("b.example"))
    assert.notMatch(html, /(?:src|href)=/)
  })
})

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
