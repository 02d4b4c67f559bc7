/** The function of a worker pool of a peer: one blocking lookup. JavaScript, as a peer's users write it. */
import koffi from "koffi"

const library = koffi.load(null)
const getaddrinfo = library.func("getaddrinfo", "int", ["str", "void *", "void *", "void *"])
const freeaddrinfo = library.func("freeaddrinfo", "void", ["void *"])
const hints = new Int32Array(32)
hints.set([0, 2, 1])
const addrinfo = koffi.struct({
  fields: koffi.array("int32_t", 4),
  octets: "uint32_t",
  address: "void *",
  name: "void *",
  next: "void *"
})

export default (name) => {
  const result = new BigUint64Array(16)
  const code = getaddrinfo(name, null, hints, result)
  if (code !== 0) throw new Error(`getaddrinfo: ${code}`)
  const info = koffi.decode(result[0], addrinfo)
  const address = koffi.decode(info.address, koffi.array("uint8_t", 8, "Array"))
  freeaddrinfo(result[0])
  return address.slice(4).join(".")
}
