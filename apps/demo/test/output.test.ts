import { assert, describe, it } from "@effect/vitest"
import * as Csv from "#demo/output/Csv"
import * as Html from "#demo/output/Html"
import * as Page from "#demo/output/Page"
import * as Markdown from "#demo/output/Markdown"
import * as Progress from "#demo/output/Progress"
import * as Table from "#demo/output/Table"
import * as FindingTable from "#demo/output/FindingTable"
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

const seen = { now: Date.parse("2026-11-28T12:00:00Z"), soon: 30 }

describe("findings", () => {
  it("as CSV have a cell for each column, quoted where RFC 4180 says so", () => {
    assert.strictEqual(
      findings.map((finding) => Csv.row(finding, seen)).join(""),
      '2,b.example,done,,192.0.2.1,b.example,true,"22/greeting: =cmd|""<script>alert(1)</script>"", x",abc,,,,,,,,,\r\n' +
        "1,a.example,failed,not-found,,,,,,,,,,,,,,\r\n"
    )
    assert.strictEqual(Csv.header.split(",").length, 18)
  })

  it("as Markdown and HTML are text, whatever hosts say, in the order of the hosts file", () => {
    const markdown = Markdown.format(findings, seen).split("\n")
    assert.match(markdown[2]!, /^\| a\.example \| failed: not-found \|/)
    assert.include(markdown[3]!, '=cmd\\|"\\<script\\>')
    const html = Html.format(findings, seen)
    assert.notInclude(html, "<script")
    assert.include(html, "&lt;script&gt;")
    assert.include(html, "1 done, 1 failed.")
    assert.isBelow(html.indexOf("a.example"), html.lastIndexOf("b.example"))
    assert.notMatch(html, /(?:src|href)=/)
  })
})

describe("the plot of what hosts say", () => {
  it("has one bar for hosts that say the same but for their own names", () => {
    const greeting = (line: number): Finding => ({
      ...findings[0]!,
      line,
      host: `mx${line}.example`,
      ports: [{ port: 25, protocol: "smtp", state: "open", says: `220 mx${line}.example ESMTP Postfix` }]
    })
    const html = Html.format([greeting(1), greeting(2)], seen)
    assert.match(html, /<th scope="row">220 \* ESMTP Postfix<td class="bar">.*<td class="number">2\n/)
  })
})

describe("a plot", () => {
  it("is a table whose rows say what they show, without a drawing too", () => {
    const text = (markup: string) =>
      markup
        .replaceAll(/<svg.*?<\/svg>/g, "")
        .replaceAll(/<[^>]*>/g, " ")
        .trim()
        .split(/\s+/)
    const html = Page.bars([
      ["<a>", 4],
      ["b", 1]
    ])
    assert.deepStrictEqual(text(html), ["&lt;a&gt;", "4", "b", "1"])
    assert.deepStrictEqual(
      [...html.matchAll(/<rect y="1" width="([\d.]+)"/g)].map(([, width]) => width),
      ["100", "25"]
    )
    const spread = Page.spreads([["c", { median: 2, min: 1, max: 4 }]], 1)
    assert.deepStrictEqual(text(spread), "median least to most c 2.0 1.0 to 4.0".split(" "))
    assert.include(spread, '<path d="M25 5H100"/>')
    assert.notMatch(
      Page.bars([["none", 0]]) + Page.spreads([["none", { median: 0, min: 0, max: 0 }]], 0),
      /NaN|Infinity/
    )
  })
})

describe("findings with records", () => {
  const records = { MX: ["10 mail.example."], CAA: "not-found" } as const
  const asked: ReadonlyArray<Finding> = [{ ...findings[1]!, records }]

  it("show them in each format", () => {
    assert.match(FindingTable.format(asked, seen), / not-found\n +MX: 10 mail\.example\.\n +CAA: not-found$/)
    // Of a host that was asked for records alone they are all there is to say.
    const alone = { ...findings[0]!, ports: [], records }
    assert.match(FindingTable.format([alone], seen), /\nb\.example .* MX: 10 mail\.example\.\n +CAA: not-found$/)
    assert.include(Markdown.format(asked, seen), "| MX: 10 mail.example.; CAA: not-found |")
    assert.include(Csv.row(asked[0]!, seen), "MX: 10 mail.example.; CAA: not-found")
    assert.include(Html.format(asked, seen), "MX: 10 mail.example.<br>CAA: not-found")
  })

  it("are in the title of the table only where some were asked for", () => {
    assert.include(FindingTable.format(asked, seen), "ports and records\n")
    assert.notInclude(FindingTable.format(findings, seen), "records")
  })
})

describe("the table of findings", () => {
  const port = (number: number, rest: Partial<Finding["ports"][number]>) =>
    ({ port: number, protocol: "http", state: "refused", ...rest }) as const
  const host: Finding = {
    line: 1,
    host: "www.example.org",
    state: "done",
    addresses: [
      { address: "192.0.2.1", names: ["www.example.org"] },
      { address: "2001:db8::1", names: ["www.example.org"] }
    ],
    ports: [
      port(25, {}),
      port(80, {
        state: "open",
        says: "HTTP/1.1 200 OK",
        title: "A page whose title is longer than a terminal has room"
      }),
      port(110, { state: "timeout" }),
      port(143, {})
    ],
    fingerprint: "0123456789abcdef"
  }

  it("has a line for each port that says something, and one for those that do not answer", () => {
    assert.deepStrictEqual(FindingTable.format([host, { ...findings[1]!, line: 2 }], seen).split("\n"), [
      "host             state   addresses    leads back to    print     ports",
      `---------------  ------  -----------  ---------------  --------  ${"-".repeat(75)}`,
      'www.example.org  done    192.0.2.1    www.example.org  01234567  80: HTTP/1.1 200 OK "A page whose title is longer than a terminal has room"',
      "                         2001:db8::1                             25, 143: refused",
      "                                                                 110: timeout",
      "a.example        failed                                          not-found"
    ])
  })

  it("is as wide as the terminal, and nothing of it is lost", () => {
    const letters = (table: string) =>
      table
        .replaceAll(/[ \n-]|ports$/gm, "")
        .split("")
        .toSorted()
        .join("")
    const whole = FindingTable.format([host], seen)
    for (let columns = 70; columns < 160; columns++) {
      const table = FindingTable.format([host], seen, columns)
      for (const line of table.split("\n")) assert.isAtMost(line.length, columns, line)
      assert.deepStrictEqual(letters(table), letters(whole))
    }
  })

  it("has what ports say below their host where there is little room beside it", () => {
    assert.deepStrictEqual(FindingTable.format([host], seen, 72).split("\n").slice(2), [
      "www.example.org  done   192.0.2.1    www.example.org  01234567",
      "                        2001:db8::1",
      '    80: HTTP/1.1 200 OK "A page whose title is longer than a terminal',
      '      has room"',
      "    25, 143: refused",
      "    110: timeout"
    ])
    // Of twenty columns as much as there is: names are not broken.
    assert.isAtMost(
      Math.max(
        ...FindingTable.format([host], seen, 20)
          .split("\n")
          .map((line) => line.length)
      ),
      62
    )
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

  it("has cells of several lines, and breaks words that are longer than the room for them", () => {
    const columns = [{ title: "a" }, { title: "b" }]
    const rows = [
      [["1", "2"], [`x ${"y".repeat(60)}`]],
      [[], "z"]
    ]
    assert.deepStrictEqual(Table.format(columns, rows, 51).split("\n"), [
      "a  b",
      `-  ${"-".repeat(48)}`,
      "1  x",
      `2    ${"y".repeat(46)}`,
      `     ${"y".repeat(14)}`,
      "   z"
    ])
    assert.deepStrictEqual(Table.format(columns, rows, 20).split("\n").slice(1), [
      "-",
      "1",
      "2",
      "    x",
      ...["y".repeat(14), "y".repeat(14), "y".repeat(14), "y".repeat(14), "y".repeat(4)].map((part) => `      ${part}`),
      "",
      "    z"
    ])
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

  it("counts one host as one", () => {
    const one = { done: 1, failed: 0, total: undefined }
    assert.strictEqual(Progress.plain("survey", one, 0), "survey: 1 host, 0 failed")
    assert.strictEqual(Progress.plain("survey", { ...one, total: 2 }, 0), "survey: 1/2 hosts, 0 failed")
    assert.strictEqual(Progress.plain("survey", { ...one, total: 1 }, 0), "survey: 1/1 host, 0 failed")
  })
})
