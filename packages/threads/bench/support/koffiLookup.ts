/** getaddrinfo(3) as a user of koffi writes it: on Linux, the first IPv4 address of a name. */
import koffi from "koffi"

const library = koffi.load(null)
const getaddrinfo = library.func("getaddrinfo", "int", ["str", "void *", "void *", "void *"])
const freeaddrinfo = library.func("freeaddrinfo", "void", ["void *"])

/** AF_INET, SOCK_STREAM. */
const hints = new Int32Array(32)
hints.set([0, 2, 1])

const addrinfo = koffi.struct({
  fields: koffi.array("int32_t", 4),
  octets: "uint32_t",
  address: "void *",
  name: "void *",
  next: "void *"
})

const read = (code: number, result: BigUint64Array): string => {
  if (code !== 0) throw new Error(`getaddrinfo: ${code}`)
  const first = result[0]!
  const info = koffi.decode(first, addrinfo)
  const address = koffi.decode(info.address, koffi.array("uint8_t", 8, "Array")) as ReadonlyArray<number>
  freeaddrinfo(first)
  return address.slice(4).join(".")
}

/** On libuv's pool, which is what koffi's asynchronous calls use. */
export const lookupAsync = (name: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const result = new BigUint64Array(16)
    getaddrinfo.async(name, null, hints, result, (error: unknown, code: number) => {
      if (error) reject(error)
      else resolve(read(code, result))
    })
  })

/** By glibc's own threads, getaddrinfo_a(3): started here, and asked every few milliseconds whether they are done. */
export const lookupByGlibc = async (names: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const start = library.func("getaddrinfo_a", "int", ["int", "void *", "int", "void *"])
  const error = library.func("gai_error", "int", ["void *"])
  const GAI_NOWAIT = 1
  const EAI_INPROGRESS = -100
  /** struct gaicb: name, service, hints, result, and 24 octets of its own. */
  const size = 56
  const blocks = Buffer.alloc(size * names.length)
  const pointers = new BigUint64Array(Math.max(16, names.length))
  const base = koffi.address(blocks)
  const kept = names.map((name) => Buffer.alloc(256, `${name}\0`))
  for (const [i, name] of kept.entries()) {
    blocks.writeBigUInt64LE(koffi.address(name), i * size)
    blocks.writeBigUInt64LE(koffi.address(hints), i * size + 16)
    pointers[i] = base + BigInt(i * size)
  }
  const failed = start(GAI_NOWAIT, pointers, names.length, null) as number
  if (failed !== 0) throw new Error(`getaddrinfo_a: ${failed}`)
  const answers: Array<string> = []
  for (let i = 0; i < names.length; i++) {
    let code = error(pointers[i]!) as number
    while (code === EAI_INPROGRESS) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      code = error(pointers[i]!) as number
    }
    answers.push(read(code, BigUint64Array.of(blocks.readBigUInt64LE(i * size + 24))))
  }
  return answers
}
