/** Messages made to cost as much as they can: each is 64 KB unless cut. The longest of them sets the time of `decode`. */

const header = (counts: { readonly questions?: number; readonly answers?: number }): ReadonlyArray<number> => {
  const { questions = 0, answers = 0 } = counts
  return [0, 1, 0x80, 0, questions >> 8, questions & 255, answers >> 8, answers & 255, 0, 0, 0, 0]
}

/** Fills up to `size` octets with `unit`, and says in the header how many fit. */
const filled = (options: {
  readonly size: number
  readonly prefix: ReadonlyArray<number>
  readonly unit: (at: number) => ReadonlyArray<number>
  readonly section: "questions" | "answers"
  readonly prefixCount?: number
}): Uint8Array => {
  const octets = new Uint8Array(options.size)
  let at = 12
  octets.set(options.prefix, at)
  at += options.prefix.length
  let count = options.prefixCount ?? 0
  for (;;) {
    const unit = options.unit(at)
    if (at + unit.length > options.size) break
    octets.set(unit, at)
    at += unit.length
    count++
  }
  octets.set(header({ [options.section]: count }))
  return octets.subarray(0, at)
}

const pointer = (target: number): ReadonlyArray<number> => [0xc0 | (target >> 8), target & 255]

const fixed = (type: number, length: number): ReadonlyArray<number> => [
  type >> 8,
  type & 255,
  0,
  1,
  0,
  0,
  0,
  1,
  length >> 8,
  length & 255
]

/** A name of 127 labels and 255 octets. */
const longName: ReadonlyArray<number> = [...Array.from({ length: 127 }, () => [1, 0x61]).flat(), 0]

/** Labels of one octet, each followed by a pointer to the one before: 127 pointers deep. */
const ladder = (start: number): ReadonlyArray<number> => {
  const octets: Array<number> = [1, 0x61, 0]
  let target = start
  for (let i = 0; i < 125; i++) {
    const at = start + octets.length
    octets.push(1, 0x61, ...pointer(target))
    target = at
  }
  return octets
}

const ladderTop = (start: number): number => start + 3 + 124 * 4

/** An NSEC3-like bitmap with every window in it, one octet each. */
const windows: ReadonlyArray<number> = Array.from({ length: 256 }, (_, window) => [window, 1, 0xff]).flat()

const shapes: Readonly<Record<string, (size: number) => Uint8Array>> = {
  "questions that all point to one name of 127 labels": (size) =>
    filled({
      size,
      section: "questions",
      prefix: [...longName, 0, 1, 0, 1],
      prefixCount: 1,
      unit: () => [...pointer(12), 0, 1, 0, 1]
    }),
  "records at the top of a ladder of 126 pointers": (size) =>
    filled({
      size,
      section: "answers",
      prefix: [0, ...fixed(65_280, ladder(23).length), ...ladder(23)],
      prefixCount: 1,
      unit: () => [...pointer(ladderTop(23)), ...fixed(65_280, 0)]
    }),
  "name servers at the top of a ladder of 126 pointers": (size) =>
    filled({
      size,
      section: "answers",
      prefix: [0, ...fixed(65_280, ladder(23).length), ...ladder(23)],
      prefixCount: 1,
      unit: () => [...pointer(ladderTop(23)), ...fixed(2, 2), ...pointer(ladderTop(23))]
    }),
  "pointers to pointers, 64 KB of them": (size) => {
    const octets = new Uint8Array(size)
    octets.set(header({ answers: 2 }))
    const length = size - 12 - 11 - 12
    octets.set([0, ...fixed(65_280, length)], 12)
    for (let at = 23; at + 1 < 23 + length; at += 2) octets.set(pointer(Math.min(Math.max(at - 2, 12), 0x3fff)), at)
    octets.set([...pointer(Math.min(0x3fff, 23 + length - 2) & ~1), ...fixed(1, 4)], 23 + length)
    return octets
  },
  "host identity servers that all point to one long name": (size) => {
    const prefix = [0, ...fixed(65_280, longName.length), ...longName]
    const start = 12 + prefix.length
    const octets = new Uint8Array(size - ((size - start - 15) % 2))
    octets.set(header({ answers: 2 }))
    octets.set(prefix, 12)
    const length = octets.length - start - 11
    octets.set([0, ...fixed(55, length), 0, 2, 0, 0], start)
    for (let at = start + 15; at < octets.length; at += 2) octets.set(pointer(23), at)
    return octets
  },
  "empty records": (size) => filled({ size, section: "answers", prefix: [], unit: () => [0, ...fixed(65_280, 0)] }),
  addresses: (size) => filled({ size, section: "answers", prefix: [], unit: () => [0, ...fixed(1, 4), 1, 2, 3, 4] }),
  "texts of empty strings": (size) =>
    filled({
      size,
      section: "answers",
      prefix: [],
      unit: () => [0, ...fixed(16, 1_000), ...Array<number>(1_000).fill(0)]
    }),
  "bitmaps of all windows": (size) =>
    filled({ size, section: "answers", prefix: [], unit: () => [0, ...fixed(47, 1 + windows.length), 0, ...windows] }),
  "address prefixes": (size) =>
    filled({
      size,
      section: "answers",
      prefix: [],
      unit: () => [0, ...fixed(42, 400), ...Array.from({ length: 100 }, () => [0, 2, 0, 0]).flat()]
    }),
  "service parameters": (size) =>
    filled({
      size,
      section: "answers",
      prefix: [],
      unit: () => [
        0,
        ...fixed(64, 3 + 4_000),
        0,
        1,
        0,
        ...Array.from({ length: 1_000 }, (_, i) => [(i + 10) >> 8, (i + 10) & 255, 0, 0]).flat()
      ]
    }),
  "service parameters, mandatory ones": (size) =>
    filled({
      size,
      section: "answers",
      prefix: [],
      unit: () => {
        const count = Math.min(10_000, Math.floor((size - 64) / 6))
        const keys = Array.from({ length: count }, (_, i) => [(i + 10) >> 8, (i + 10) & 255])
        const params = keys.flatMap((key) => [...key, 0, 0])
        const mandatory = [0, 0, (2 * count) >> 8, (2 * count) & 255, ...keys.flat()]
        return [0, ...fixed(64, 3 + mandatory.length + params.length), 0, 1, 0, ...mandatory, ...params]
      }
    }),
  "service parameters, identifiers of one octet": (size) =>
    filled({
      size,
      section: "answers",
      prefix: [],
      unit: () => [
        0,
        ...fixed(64, 3 + 4 + 800),
        0,
        1,
        0,
        0,
        1,
        800 >> 8,
        800 & 255,
        ...Array.from({ length: 400 }, () => [1, 0x61]).flat()
      ]
    }),
  "EDNS options": (size) => {
    const octets = new Uint8Array(size - ((size - 23) % 4))
    octets.set([0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    octets.set([0, 0, 41, 4, 0xd0, 0, 0, 0, 0, (octets.length - 23) >> 8, (octets.length - 23) & 255], 12)
    for (let at = 23; at < octets.length; at += 4) octets.set([0, 12, 0, 0], at)
    return octets
  },
  "counts that lie": (size) => {
    const octets = new Uint8Array(Math.min(size, 512))
    octets.set([0, 1, 0x80, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
    return octets
  }
}

/** Every shape at a size in octets. */
export const hostile = (size: number): ReadonlyArray<readonly [name: string, octets: Uint8Array]> =>
  Object.entries(shapes).map(([name, make]) => [name, make(size)] as const)
