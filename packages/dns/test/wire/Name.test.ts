import { DecodeError, Name, TextError } from "@handoff/dns/wire"
import { assert, describe, it } from "@effect/vitest"
import { NameCache, Reader } from "#internal"
import { Random } from "./random.ts"

describe("Name", () => {
  it("keeps case and compares without it (RFC 4343)", () => {
    const name = Name.fromText("WwW.ExAmple.ORG")
    assert.strictEqual(Name.toText(name), "WwW.ExAmple.ORG.")
    assert.isTrue(Name.equals(name, Name.fromText("www.example.org.")))
    assert.isFalse(Name.identical(name, Name.fromText("www.example.org.")))
    assert.strictEqual(Name.key(name), Name.key(Name.fromText("www.EXAMPLE.org")))
  })

  it("folds ASCII letters only", () => {
    assert.isFalse(Name.equals(Name.fromText("\\091.a"), Name.fromText("\\123.a")))
    assert.isFalse(Name.equals(Name.fromText("\\200.a"), Name.fromText("\\232.a")))
  })

  it("holds dots and any octet inside a label", () => {
    const labels = [Uint8Array.from([0x61, 0x2e, 0x62]), Uint8Array.from([0, 0x20, 0x5c, 0x22, 0xff])]
    const name = Name.fromLabels(labels)
    assert.strictEqual(Name.toText(name), String.raw`a\.b.\000\032\\\"\255.`)
    assert.deepEqual(Name.labels(name), labels)
    assert.isTrue(Name.identical(name, Name.fromText(Name.toText(name))))
    assert.strictEqual(Name.countLabels(name), 2)
  })

  it("orders as the example of RFC 4034 6.1 does", () => {
    const ordered = [
      "example.",
      "a.example.",
      "yljkjljk.a.example.",
      "Z.a.example.",
      "zABC.a.EXAMPLE.",
      "z.example.",
      String.raw`\001.z.example.`,
      "*.z.example.",
      String.raw`\200.z.example.`
    ].map((text) => Name.fromText(text))
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed)
      const shuffled = ordered
        .map((name) => [random.next(), name] as const)
        .toSorted((a, b) => a[0] - b[0])
        .map(([, name]) => name)
      assert.deepEqual(shuffled.toSorted(Name.compare).map(Name.toText), ordered.map(Name.toText))
    }
    assert.strictEqual(Name.compare(Name.fromText("A.b."), Name.fromText("a.B.")), 0)
  })

  it("is refused over 255 octets, over 63 in a label, or with an empty label", () => {
    const label = "x".repeat(63)
    const longest = `${label}.${label}.${label}.${"x".repeat(61)}.`
    assert.strictEqual(Name.fromText(longest).octets.length, 255)
    assert.strictEqual(Name.fromText(longest.slice(0, -1)).octets.length, 255)
    for (const bad of [
      `x${longest}`,
      `${longest.slice(0, -1)}x`,
      `${"x".repeat(64)}.`,
      "a..b",
      ".a",
      "",
      "a b",
      "ä",
      "\\25",
      "\\256",
      "a\\"
    ]) {
      assert.throws(() => Name.fromText(bad), TextError)
    }
    const many = "a.".repeat(127)
    assert.strictEqual(Name.countLabels(Name.fromText(many)), 127)
    assert.throws(() => Name.fromText(`a.${many}`), TextError)
    assert.throws(() => Name.fromText("a".repeat(60), Name.fromText(`${label}.${label}.${label}.a`)), TextError)
  })

  it("may have 255 octets, its root included, and not one more, however it comes", () => {
    // Three labels of 63 octets and one of 61: 3 * 64 + 62 + 1.
    const text = `${"a".repeat(63)}.`.repeat(3) + "b".repeat(61)
    const longest = Name.fromText(`${text}.`)
    assert.strictEqual(longest.octets.length, 255)
    const over = `${text}b`
    const labels = (last: number) => [63, 63, 63, last].map((octets) => new Uint8Array(octets).fill(97))
    const octets = (last: number) =>
      Uint8Array.from([...labels(last).flatMap((one) => [one.length, Array.from(one)].flat()), 0])
    const org = Name.fromText("org.")
    const room = text.slice(0, -4)

    assert.strictEqual(Name.fromText(text).octets.length, 255)
    assert.throws(() => Name.fromText(over), TextError)
    assert.throws(() => Name.fromText(`${over}.`), TextError)
    assert.strictEqual(Name.fromText(room, org).octets.length, 255)
    assert.throws(() => Name.fromText(`${room}b`, org), TextError)
    assert.strictEqual(Name.fromLabels(labels(61)).octets.length, 255)
    assert.throws(() => Name.fromLabels(labels(62)), TextError)
    assert.strictEqual(Name.fromOctets(octets(61)).octets.length, 255)
    assert.throws(() => Name.fromOctets(octets(62)), DecodeError)
    assert.strictEqual(Name.concat(Name.fromText(`${room}.`), org).octets.length, 255)
    assert.throws(() => Name.concat(Name.fromText(`${room}b.`), org), TextError)
  })

  it("has labels of 63 octets at most, and no octet outside ASCII unless escaped", () => {
    assert.strictEqual(Name.fromText("a".repeat(63)).octets[0], 63)
    assert.throws(() => Name.fromText("a".repeat(64)), TextError)
    assert.throws(() => Name.fromText("\u007f"), /octet 127 must be written \\127/)
    assert.throws(() => Name.fromText("\u0080"), /outside ASCII/)
  })

  it("takes its origin, and prints relative to it", () => {
    const origin = Name.fromText("example.org.")
    assert.strictEqual(Name.toText(Name.fromText("www", origin)), "www.example.org.")
    assert.strictEqual(Name.toText(Name.fromText("www.", origin)), "www.")
    assert.strictEqual(Name.fromText("@", origin), origin)
    assert.strictEqual(Name.toTextRelative(Name.fromText("a.b.EXAMPLE.org"), origin), "a.b")
    assert.strictEqual(Name.toTextRelative(origin, origin), "@")
    assert.strictEqual(Name.toTextRelative(Name.fromText("other."), origin), "other.")
    assert.strictEqual(Name.toTextRelative(Name.fromText("other."), Name.root), "other")
    assert.strictEqual(Name.toTextRelative(Name.root, Name.root), "@")
  })

  it("knows parents, subdomains and wildcards", () => {
    const name = Name.fromText("*.a.example")
    assert.isTrue(Name.isWildcard(name))
    assert.isTrue(Name.isSubdomainOf(name, Name.fromText("A.Example")))
    assert.isTrue(Name.isSubdomainOf(name, Name.root))
    assert.isTrue(Name.isSubdomainOf(name, name))
    assert.isFalse(Name.isSubdomainOf(name, Name.fromText("ample")))
    assert.isFalse(Name.isSubdomainOf(Name.fromText("a.example"), name))
    assert.strictEqual(Name.toText(Name.parent(name)), "a.example.")
    assert.strictEqual(Name.parent(Name.root), Name.root)
    assert.strictEqual(Name.toText(Name.concat(Name.fromText("x.y"), Name.fromText("z"))), "x.y.z.")
    assert.strictEqual(Name.toText(Name.toLowerCase(Name.fromText("A.b"))), "a.b.")
  })

  it("comes from octets only when they are one name", () => {
    assert.strictEqual(Name.toText(Name.fromOctets(Uint8Array.from([1, 0x61, 0]))), "a.")
    for (const bad of [[], [1, 0x61], [1, 0x61, 0, 0], [0xc0, 0], [64, ...Array<number>(64).fill(97), 0]]) {
      assert.throws(() => Name.fromOctets(Uint8Array.from(bad)), DecodeError)
    }
  })

  it("is the same after text and back, for random octets", () => {
    const random = new Random(7)
    for (let i = 0; i < 2_000; i++) {
      const labels = Array.from({ length: random.below(6) }, () =>
        Uint8Array.from({ length: 1 + random.below(20) }, () => random.below(256))
      )
      const name = Name.fromLabels(labels)
      assert.isTrue(Name.identical(Name.fromText(Name.toText(name)), name))
      assert.isTrue(Name.identical(Name.fromOctets(name.octets), name))
    }
  })

  it("is its text in strings and in JSON, and its key in lower case", () => {
    const name = Name.fromText("WwW.Example.ORG")
    assert.strictEqual(String(name), "WwW.Example.ORG.")
    assert.strictEqual(JSON.stringify({ name }), '{"name":"WwW.Example.ORG."}')
    assert.strictEqual(Name.key(name), "www.example.org.")
    assert.strictEqual(Name.toTextUndotted(name), "WwW.Example.ORG")
    assert.strictEqual(Name.toTextUndotted(Name.root), ".")
  })

  it("takes after a backslash any visible character, and no other but three digits up to 255", () => {
    assert.strictEqual(Name.toText(Name.fromText(String.raw`\!\~\a\255`)), String.raw`!~a\255.`)
    for (const bad of ["\\ ", "\\\u007f", "\\é", "\\1a2", "\\12a", "\\999"]) {
      assert.throws(() => Name.fromText(bad), /bad escape/, bad)
    }
  })

  it("has labels of 1 to 63 octets, also when they are given one by one", () => {
    assert.throws(() => Name.fromLabels([Uint8Array.of(97), new Uint8Array(0)]), /empty label/)
    assert.strictEqual(Name.fromLabels([new Uint8Array(63).fill(97)]).octets.length, 65)
    assert.throws(() => Name.fromLabels([new Uint8Array(64).fill(97)]), /over 63/)
  })

  it("is a wildcard when its first label is one asterisk", () => {
    const are = ["*", "*.a", "**.a", "*a.b", "x.a", "a*.b", "a.*"].map((text) => Name.isWildcard(Name.fromText(text)))
    assert.deepStrictEqual(are, [true, true, false, false, false, false, false])
  })

  it("is equal to itself, and to no other of its length or beside it in the tree", () => {
    const [foo, bar, long] = ["a.foo", "a.bar", "b.a.foo"].map((text) => Name.fromText(text)) as [
      Name.Name,
      Name.Name,
      Name.Name
    ]
    assert.isTrue(Name.equals(foo, foo))
    assert.isFalse(Name.equals(foo, bar))
    assert.isFalse(Name.identical(foo, long))
    assert.isFalse(Name.isSubdomainOf(foo, bar))
    assert.isFalse(Name.isSubdomainOf(long, bar))
    assert.strictEqual(Name.compare(foo, foo), 0)
  })

  it("comes after one that its label begins with, whatever stands behind that (RFC 4034 6.1)", () => {
    for (const [shorter, longer] of [
      ["a.org", String.raw`a\000.org`],
      ["a", String.raw`a\000`],
      [`a.${"x".repeat(63)}`, `ab.${"x".repeat(63)}`]
    ] as const) {
      assert.strictEqual(Name.compare(Name.fromText(shorter), Name.fromText(longer)), -1)
      assert.strictEqual(Name.compare(Name.fromText(longer), Name.fromText(shorter)), 1)
    }
  })

  it("in lower case is the same object if it was in lower case", () => {
    const lower = Name.fromText("a.b")
    assert.strictEqual(Name.toLowerCase(lower), lower)
    assert.isTrue(Name.identical(Name.toLowerCase(Name.fromText("A.b")), lower))
  })
})

describe("a name in a message", () => {
  /** Read, and only checked: the octets taken, or what was refused and where. */
  const outcomes = (octets: ReadonlyArray<number>, at = 0, end?: number) =>
    [Name.read, Name.skip].map((run) => {
      const reader = new Reader(Uint8Array.from(octets), at, end)
      try {
        run(reader)
        return `up to ${reader.offset}`
      } catch (error) {
        assert.instanceOf(error, DecodeError)
        return `${error.bound} at ${error.offset}`
      }
    })
  const same = (outcome: string) => [outcome, outcome]
  const label = (octets: number) => [octets, ...Array<number>(octets).fill(97)]

  it("is read as far as it is checked, and refused for the same", () => {
    const cases: ReadonlyArray<readonly [what: string, ReadonlyArray<number>, at: number, outcome: string]> = [
      ["the root", [0], 0, "up to 1"],
      ["nothing", [], 0, "label at 0"],
      ["a label without the root", label(1), 0, "label at 2"],
      ["half a pointer", [0, 0xc0], 1, "label at 1"],
      ["a pointer to its own place", [0, 0xc0, 1], 1, "pointer at 1"],
      ["a pointer behind it", [0xc0, 2, 0], 0, "pointer at 0"],
      ["a pointer to the place before it", [0, 0xc0, 0], 1, "up to 3"],
      ["a pointer to the labels that it ends", [1, 97, 0xc0, 0], 0, "pointer at 2"],
      ["a pointer of two octets", [...Array<number>(256).fill(0), 0xc0, 0xff], 256, "up to 258"],
      ["a label type that is none", [0x40, 0], 0, "label at 0"],
      ["a label type that is none, with as many octets", [...label(64), 0], 0, "label at 0"],
      ["a label of 63 octets", [...label(63), 0], 0, "up to 65"]
    ]
    for (const [what, octets, at, outcome] of cases) assert.deepStrictEqual(outcomes(octets, at), same(outcome), what)
    // A label that runs past the end: the place of its length, or of the end.
    assert.deepStrictEqual(outcomes([5, 97]), ["label at 0", "label at 2"])
  })

  it("ends within its rdata, but its pointer leads anywhere before it", () => {
    assert.deepStrictEqual(outcomes([0, 1, 97, 0], 1, 3), same("label at 3"))
    assert.deepStrictEqual(outcomes([0, 1, 97, 0], 1, 4), same("up to 4"))
    assert.deepStrictEqual(outcomes([0, 1, 97, 0xc0, 0], 1, 4), same("label at 3"))
    assert.deepStrictEqual(outcomes([1, 97, 0, 0xc0, 0], 3, 5), same("up to 5"))
  })

  it("has 255 octets at most, also by way of a pointer", () => {
    const [first, ...rest] = [61, 63, 63, 63].map(label) as [Array<number>, ...Array<Array<number>>]
    const longest = [...first, ...rest.flat(), 0]
    assert.deepStrictEqual(outcomes(longest), same("up to 255"))
    const [read, checked] = outcomes([...label(62), ...rest.flat(), 0])
    assert.match(read!, /^name/)
    assert.match(checked!, /^name/)
    const tail = [...rest.flat(), 0]
    assert.deepStrictEqual(outcomes([...tail, ...label(61), 0xc0, 0], tail.length), same(`up to ${tail.length + 64}`))
    for (const outcome of outcomes([...tail, ...label(62), 0xc0, 0], tail.length)) assert.match(outcome, /^name/)
  })

  it("follows 127 pointers and not one more", () => {
    // The root, and pointers each of which points to the one before.
    const octets = [0, ...Array.from({ length: 128 }, (_, i) => [0xc0, i === 0 ? 0 : 2 * i - 1]).flat()]
    assert.deepStrictEqual(outcomes(octets, 1 + 2 * 126), same(`up to ${1 + 2 * 127}`))
    assert.deepStrictEqual(outcomes(octets, 1 + 2 * 127), same("pointers at 1"))
  })

  it("takes of a message's steps one for each label and pointer, to the last", () => {
    const octets = Uint8Array.of(1, 97, 0, 1, 98, 0xc0, 0)
    // `b`, the pointer, `a` and the root.
    for (const [steps, passes] of [
      [4, true],
      [3, false]
    ] as const) {
      const reader = new Reader(octets, 3)
      reader.steps = steps
      if (passes) Name.skip(reader)
      else assert.throws(() => Name.skip(reader), /too many labels and pointers/)
    }
  })

  it("is one object for all that point to it, and ends where it stands for each", () => {
    const octets = Uint8Array.of(1, 97, 0, 0xc0, 0, 1, 98, 0xc0, 0, 0)
    const reader = new Reader(octets)
    reader.names = new NameCache()
    const name = Name.read(reader)
    assert.deepStrictEqual([Name.toText(name), reader.offset], ["a.", 3])
    const pointed = Name.read(reader)
    assert.deepStrictEqual([pointed === name, reader.offset], [true, 5])
    assert.deepStrictEqual([Name.toText(Name.read(reader)), reader.offset], ["b.a.", 9])
    assert.deepStrictEqual([Name.read(reader), reader.offset], [Name.root, 10])
    reader.offset = 0
    assert.deepStrictEqual([Name.toText(Name.read(reader)), reader.offset], ["a.", 3])
    // A pointer to a pointer is known by where it leads, and by nothing else.
    reader.offset = 3
    assert.strictEqual(Name.toText(Name.read(reader)), "a.")
    reader.offset = 5
    assert.strictEqual(Name.toText(Name.read(reader)), "b.a.")
  })

  it("stands beside numbers of up to 48 bits, which are read whole", () => {
    assert.strictEqual(new Reader(Uint8Array.of(1, 2, 3, 4, 5, 6)).u48(), 0x010203040506)
  })

  it("is refused with how much was wanted and how much was left", () => {
    const reader = new Reader(new Uint8Array(10), 7)
    assert.throws(() => reader.u32(), "4 octets wanted, 3 left (rdata at octet 7)")
  })
})
