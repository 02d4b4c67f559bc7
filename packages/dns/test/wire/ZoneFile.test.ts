import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { Name, RecordText, TextError, ZoneFile } from "@handoff/dns/wire"
import * as Include from "@handoff/dns/wire/include"
import { assert, describe, it } from "@effect/vitest"
import { mutate, Random } from "./random.ts"
import { vectors } from "./vectors.ts"

const lines = (text: string, options?: ZoneFile.Options): ReadonlyArray<string> => {
  const records = ZoneFile.parse(text, options)
  if (records instanceof TextError) throw records
  return records.map((record) => RecordText.print(record))
}

const errorOf = (text: string, options?: ZoneFile.Options): string => {
  const error = ZoneFile.parse(text, options)
  assert.instanceOf(error, TextError)
  return error.message
}

describe("ZoneFile", () => {
  it("reads the example of RFC 1035 5.3", () => {
    const text = `
@   IN  SOA     VENERA      Action\\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        NS      VENERA
        NS      VAXA
        MX      10      VENERA
        MX      20      VAXA

A       A       26.3.0.103

VENERA  A       10.1.0.52
        A       128.9.0.32
`
    const origin = Name.fromText("ISI.EDU.")
    assert.deepEqual(lines(text, { origin }), [
      String.raw`ISI.EDU. 60 IN SOA VENERA.ISI.EDU. Action\.domains.ISI.EDU. 20 7200 600 3600000 60`,
      "ISI.EDU. 60 IN NS A.ISI.EDU.",
      "ISI.EDU. 60 IN NS VENERA.ISI.EDU.",
      "ISI.EDU. 60 IN NS VAXA.ISI.EDU.",
      "ISI.EDU. 60 IN MX 10 VENERA.ISI.EDU.",
      "ISI.EDU. 60 IN MX 20 VAXA.ISI.EDU.",
      "A.ISI.EDU. 60 IN A 26.3.0.103",
      "VENERA.ISI.EDU. 60 IN A 10.1.0.52",
      "VENERA.ISI.EDU. 60 IN A 128.9.0.32"
    ])
  })

  it("takes TTL and class in either order, TTL units, $TTL and $ORIGIN", () => {
    const text = `$TTL 1h30m
$ORIGIN example.org.
a 60 IN A 192.0.2.1
a IN 1d A 192.0.2.2
a CH TXT x
  TXT y
a IN A 192.0.2.3
$ORIGIN sub
a A 192.0.2.4
$TTL 2
  A 192.0.2.5
`
    assert.deepEqual(lines(text), [
      "a.example.org. 60 IN A 192.0.2.1",
      "a.example.org. 86400 IN A 192.0.2.2",
      'a.example.org. 5400 CH TXT "x"',
      'a.example.org. 5400 CH TXT "y"',
      "a.example.org. 5400 IN A 192.0.2.3",
      "a.sub.example.org. 5400 IN A 192.0.2.4",
      "a.sub.example.org. 2 IN A 192.0.2.5"
    ])
  })

  it("uses the last TTL when there is no $TTL (RFC 1035 5.1)", () => {
    assert.deepEqual(lines("a. 5 A 192.0.2.1\nb. A 192.0.2.2"), ["a. 5 IN A 192.0.2.1", "b. 5 IN A 192.0.2.2"])
  })

  it("reads quotes, escapes, comments and parentheses wherever they stand", () => {
    const text =
      String.raw`
a. 1 TXT "x; y" ; a comment ( with " in it
  1 ( TXT ; comment
   ( "(" ) z\;z "" )
` + '  1 TXT "\\"" a"b"c\n'
    assert.deepEqual(lines(text), [
      'a. 1 IN TXT "x; y"',
      'a. 1 IN TXT "(" "z;z" ""',
      String.raw`a. 1 IN TXT "\"" "a" "b" "c"`
    ])
  })

  it("generates records (BIND's $GENERATE)", () => {
    assert.deepEqual(lines("$ORIGIN 0.0.192.in-addr.arpa.\n$GENERATE 1-3/2 $ 60 CNAME $.0\n"), [
      "1.0.0.192.in-addr.arpa. 60 IN CNAME 1.0.0.0.192.in-addr.arpa.",
      "3.0.0.192.in-addr.arpa. 60 IN CNAME 3.0.0.0.192.in-addr.arpa."
    ])
    assert.deepEqual(lines('$GENERATE 9-10 h${1,3,d}.x. 1 TXT "${0,2,x} $$ \\$ ${-9,4,X} ${0,5,n}"'), [
      'h010.x. 1 IN TXT "09 $ $ 0000 9.0.0"',
      'h011.x. 1 IN TXT "0a $ $ 0001 a.0.0"'
    ])
    assert.match(errorOf("$GENERATE 1-100000 a$. 1 A 192.0.2.1"), /^1:11: \$GENERATE of 100000 records/)
    assert.match(errorOf("$GENERATE 3-1 a$. 1 A 192.0.2.1"), /does not end/)
    const long = `"${"x".repeat(250)}" `.repeat(200)
    assert.match(errorOf(`$GENERATE 1-60000 a$. 1 TXT ${long}`), /more than 16777216 characters/)
    assert.match(errorOf("$GENERATE 1-2 a${0,0,q}. 1 A 192.0.2.1"), /^1:15: bad/)
  })

  it("says line and column of what is wrong", () => {
    assert.match(errorOf("a. 1 A 192.0.2.1\nb. 1 A 192.0.2\n"), /^2:8: not an IPv4 address/)
    assert.match(errorOf("a. 1 A"), /^1:7: address missing/)
    assert.match(errorOf("a. 1 MX 10 b. c.\n"), /^1:15: more than MX has/)
    assert.match(errorOf("a. 1 NOSUCH x"), /^1:6: unknown type NOSUCH/)
    assert.match(errorOf("a. A 192.0.2.1"), /no TTL/)
    assert.match(errorOf(" 1 A 192.0.2.1"), /^1:2: no owner/)
    assert.match(errorOf('a. 1 TXT "x\ny"'), /^1:10: quote that is not closed/)
    assert.match(errorOf("a. 1 TXT ( x\n\n"), /^1:10: parenthesis that is not closed/)
    assert.match(errorOf("a. 1 TXT x )"), /^1:12: closing parenthesis/)
    assert.match(errorOf("\n\n$WHAT x"), /^3:1: unknown directive/)
    assert.match(errorOf("a..b. 1 A 192.0.2.1", { file: "zone.db" }), /^zone\.db:1:1: empty label/)
    assert.match(errorOf(String.raw`a. 1 A \# 3 C00002`), /^1:13: .*rdata/)
  })

  it("includes files only when told how, and comes back to its origin and owner", () => {
    assert.match(errorOf("$INCLUDE x"), /^1:10: \$INCLUDE is not allowed here/)
    const files: Readonly<Record<string, string>> = {
      sub: "@ 1 A 192.0.2.2\nx 1 A 192.0.2.3\n",
      loop: "$INCLUDE loop\n",
      bad: "a. 1 A 1\n"
    }
    const include = (name: string): string => files[name]!
    const text = "$ORIGIN a.\nb 1 A 192.0.2.1\n$INCLUDE sub c\n 1 A 192.0.2.4\n"
    assert.deepEqual(lines(text, { include }), [
      "b.a. 1 IN A 192.0.2.1",
      "c.a. 1 IN A 192.0.2.2",
      "x.c.a. 1 IN A 192.0.2.3",
      "b.a. 1 IN A 192.0.2.4"
    ])
    assert.match(errorOf("$INCLUDE loop", { include }), /^loop:1:10: \$INCLUDE deeper than 8 files/)
    assert.match(errorOf("\n$INCLUDE bad", { include }), /^bad:1:8: not an IPv4/)
  })

  it("confines included files to their folder", () => {
    const outside = mkdtempSync(path.join(tmpdir(), "handoff-zone-"))
    try {
      const folder = path.join(outside, "zones")
      mkdirSync(folder)
      writeFileSync(path.join(outside, "secret"), "s. 1 A 192.0.2.9\n")
      writeFileSync(path.join(folder, "ok"), "a. 1 A 192.0.2.1\n")
      symlinkSync(path.join(outside, "secret"), path.join(folder, "link"))
      const include = Include.fromFolder(folder)
      assert.deepEqual(lines("$INCLUDE ok", { include }), ["a. 1 IN A 192.0.2.1"])
      for (const bad of ["../secret", "link", path.join(outside, "secret"), ".", "missing"]) {
        assert.match(errorOf(`$INCLUDE ${bad}`, { include }), /^1:\d+: cannot include/)
      }
    } finally {
      rmSync(outside, { recursive: true })
    }
  })

  it("prints what it reads to the same records, absolute or relative", () => {
    const text = '$ORIGIN example.\n@ 1 SOA ns admin 1 2 3 4 5\nwww 2 CNAME @\n*.x 3 TXT "a b"\n'
    const records = ZoneFile.parse(text)
    assert.notInstanceOf(records, TextError)
    const zone = records
    assert.strictEqual(
      ZoneFile.print(zone, { origin: Name.fromText("example.") }),
      `$ORIGIN example.
@ 1 IN SOA ns admin 1 2 3 4 5
www 2 IN CNAME @
*.x 3 IN TXT "a b"
`
    )
    for (const options of [{}, { origin: Name.fromText("example.") }, { origin: Name.root }]) {
      assert.deepEqual(lines(ZoneFile.print(zone, options)), lines(text))
    }
  })

  it("gives records or an error with a place for any text, and prints what it took to the same records", () => {
    const random = new Random(11)
    const zone = vectors.map(({ type, text }, i) => `r${i} 60 IN ${type} ${text}`)
    const extra = [
      "$ORIGIN a.b.",
      "$TTL 1h",
      "$GENERATE 1-3 a${1,2,x} A 192.0.2.$",
      "  TXT ( a ; x",
      " b )",
      "@ CH TXT x"
    ]
    for (let i = 0; i < 4_000; i++) {
      const text = Array.from({ length: 3 }, () => random.pick(random.below(4) === 0 ? extra : zone)).join("\n")
      const changed = Buffer.from(mutate(Buffer.from(text, "latin1"), random)).toString("latin1")
      const records = ZoneFile.parse(changed)
      if (records instanceof TextError) {
        assert.isAtLeast(records.line, 1)
        assert.isAtLeast(records.column, 1)
        assert.isAtMost(records.line, 5)
        continue
      }
      const printed = ZoneFile.print(records)
      assert.strictEqual(lines(printed).join("\n"), printed.trimEnd(), changed)
    }
  })

  it("gives records one after the other, before an error further down", () => {
    const records = ZoneFile.records("a. 1 A 192.0.2.1\nb. 1 A x\n")
    assert.strictEqual(Name.toText(records.next().value!.name), "a.")
    assert.throws(() => records.next(), TextError)
  })
})
