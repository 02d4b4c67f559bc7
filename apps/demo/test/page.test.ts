import { assert, describe, it } from "@effect/vitest"
import * as Page from "#demo/inspect/page"

const octets = (text: string) => Buffer.from(text, "utf8")

const html = (head: string, body: string) => octets(`HTTP/1.1 200 OK\r\n${head}\r\n${body}`)

describe("a page", () => {
  it("has a status line and a title, whatever its markup looks like", () => {
    assert.deepStrictEqual(Page.read(html("", "<html><head><title>Plain</title>")), {
      says: "HTTP/1.1 200 OK",
      title: "Plain"
    })
    assert.strictEqual(Page.read(html("", '<TITLE lang="en">\n  Two\n  lines </TITLE>')).title, "Two lines")
    assert.strictEqual(Page.read(html("", "<title>A &amp; B &lt;C&gt;</title>")).title, "A & B <C>")
    assert.strictEqual(Page.read(html("", "<title>bücher \u001b[31m</title>")).title, "bücher \ufffd[31m")
    assert.strictEqual(Page.read(html("", "<title> </title>")).title, undefined)
    assert.strictEqual(Page.read(html("", `<title>${"x".repeat(1_000)}</title>`)).title?.length, 200)
  })

  it("has a title also where chunks cut it", () => {
    const chunked = html("Transfer-Encoding: chunked\r\n", "8\r\n<title>a\r\n9;x=y\r\nb</title>\r\n0\r\n\r\n")
    assert.strictEqual(Page.read(chunked).title, "ab")
  })

  it("is enough at its title, at its stated length, or where there is no body", () => {
    assert.isFalse(Page.isEnough(octets("HTTP/1.1 200 OK\r\nContent-Le")))
    assert.isFalse(Page.isEnough(html("", "<title>a")))
    assert.isTrue(Page.isEnough(html("", "<title>a</title>")))
    assert.isFalse(Page.isEnough(html("Content-Length: 3\r\n", "ab")))
    assert.isTrue(Page.isEnough(html("Content-Length: 3\r\n", "abc")))
    assert.isTrue(Page.isEnough(octets("HTTP/1.1 204 No Content\r\n\r\n")))
  })

  it("never takes long, whatever octets come", () => {
    let state = 9
    for (let round = 0; round < 200; round++) {
      const noise = new Uint8Array(2_000).map(
        () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24
      )
      Page.read(noise)
      Page.isEnough(noise)
    }
    const began = performance.now()
    Page.read(html("", "<title".repeat(20_000)))
    Page.read(html("Transfer-Encoding: chunked\r\n", "1\r\na\r\n".repeat(20_000)))
    assert.isBelow(performance.now() - began, 2_000)
  })
})
