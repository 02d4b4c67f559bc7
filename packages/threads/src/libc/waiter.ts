/**
 * Runs inside a worker: makes one blocking call after the other by the foreign-function library koffi. It imports
 * nothing else, because many of these may be there at once.
 */
import koffi from "koffi"
import { parentPort, workerData } from "node:worker_threads"
import type { Operation } from "./Backend.ts"
import type { Ask, Reply, Setting } from "./protocol.ts"

const { constants, platform } = workerData as Setting

const library = koffi.load(platform === "win32" ? "ws2_32.dll" : null)

/** Declares a function of the C library, when it is first called. */
const lazily = (name: string, returns: string, ...args: ReadonlyArray<string>) => {
  let declared: ((...args: ReadonlyArray<unknown>) => any) | undefined
  return (...given: ReadonlyArray<unknown>) => (declared ??= library.func(name, returns, [...args]))(...given)
}

const getaddrinfo = lazily("getaddrinfo", "int", "str", "str", "void *", "void *")
const freeaddrinfo = lazily("freeaddrinfo", "void", "void *")
const getnameinfo = lazily(
  "getnameinfo",
  "int",
  "void *",
  "uint32_t",
  "void *",
  "uint32_t",
  "void *",
  "uint32_t",
  "int"
)
const gethostbyname2_r = lazily(
  ...(["gethostbyname2_r", "int", "str", "int", "void *", "void *", "size_t", "void *", "void *"] as const)
)
const gethostbyaddr_r = lazily(
  ...([
    "gethostbyaddr_r",
    "int",
    "void *",
    "uint32_t",
    "int",
    "void *",
    "void *",
    "size_t",
    "void *",
    "void *"
  ] as const)
)

// 64-bit systems only; the order of two fields is all in which they differ.
const addrinfo = koffi.struct({
  flags: "int32_t",
  family: "int32_t",
  socketType: "int32_t",
  protocol: "int32_t",
  octets: platform === "win32" ? "size_t" : "uint32_t",
  ...(platform === "linux" || platform === "android"
    ? { address: "void *", canonicalName: "str" }
    : { canonicalName: "str", address: "void *" }),
  next: "void *"
})

type Answer = Pick<Reply, "code" | "errno" | "value">

const formatIp = (octets: Uint8Array): string =>
  octets.length === 4
    ? octets.join(".")
    : Array.from({ length: 8 }, (_, i) => ((octets[2 * i]! << 8) | octets[2 * i + 1]!).toString(16)).join(":")

/** The octets of an address in text; IPv6 in any of its forms. */
const parseIp = (text: string): Uint8Array => {
  if (!text.includes(":")) return Uint8Array.from(text.split("."), Number)
  const [head = "", tail] = text.split("::")
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)))
  const before = words(head)
  const after = tail === undefined ? [] : words(tail)
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after]
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]))
}

const octetsAt = (pointer: bigint, length: number): Uint8Array =>
  Uint8Array.from(koffi.decode(pointer, koffi.array("uint8_t", length, "Array")) as ReadonlyArray<number>)

const text = (octets: Uint8Array): string => Buffer.from(octets.subarray(0, octets.indexOf(0))).toString()

const lookUp = (operation: Extract<Operation, readonly ["getaddrinfo", ...any]>): Answer => {
  const [, name, service, family, socketType, protocol, flags] = operation
  // Larger than the hints are, so that it lies outside of the garbage-collected heap; the rest of them is zero.
  const hints = new Int32Array(32)
  hints.set([flags, family, socketType, protocol])
  const result = new BigUint64Array(16)
  koffi.errno(0)
  const code = getaddrinfo(name, service, hints, result) as number
  const errno = koffi.errno()
  if (code !== 0) return { code, errno, value: null }
  const first = result[0]!
  const value: Array<string | number | null> = [null]
  for (let pointer = first; pointer !== 0n;) {
    const info = koffi.decode(pointer, addrinfo)
    value[0] ??= info.canonicalName
    const isV4 = info.family === constants.AF_INET
    if (isV4 || info.family === constants.AF_INET6) {
      const address = octetsAt(info.address, Number(info.octets))
      const view = new DataView(address.buffer)
      const ip = formatIp(isV4 ? address.subarray(4, 8) : address.subarray(8, 24))
      value.push(info.socketType, info.protocol, ip, view.getUint16(2), isV4 ? 0 : view.getUint32(24, true))
    }
    pointer = BigInt(info.next ?? 0)
  }
  if (first !== 0n) freeaddrinfo(first)
  return { code, errno, value }
}

const nameOf = (address: string, port: number, scopeId: number, flags: number): Answer => {
  const octets = parseIp(address)
  const socket = new Uint8Array(128)
  const view = new DataView(socket.buffer)
  const isV4 = octets.length === 4
  const length = isV4 ? 16 : 28
  const family = isV4 ? constants.AF_INET! : constants.AF_INET6!
  if (platform === "darwin") socket.set([length, family])
  else view.setUint16(0, family, true)
  view.setUint16(2, port)
  socket.set(octets, isV4 ? 4 : 8)
  if (!isV4) view.setUint32(24, scopeId, true)
  const host = new Uint8Array(1025)
  const service = new Uint8Array(256)
  koffi.errno(0)
  const code = getnameinfo(socket, length, host, host.length, service, service.length, flags) as number
  return { code, errno: koffi.errno(), value: [text(host), text(service)] }
}

/** h_errno in getaddrinfo's words. */
const eaiOf = (hostError: number): number => {
  const name = ["EAI_SYSTEM", "EAI_NONAME", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA"][hostError] ?? "EAI_SYSTEM"
  return constants[name] ?? constants.EAI_NONAME!
}

/** The pointers of a NULL-terminated list. */
const pointersAt = (list: bigint): Array<bigint> => {
  const all: Array<bigint> = []
  for (;;) {
    const pointer = BigInt((koffi.decode(list + 8n * BigInt(all.length), "uint64_t") as number | bigint) ?? 0)
    if (pointer === 0n) return all
    all.push(pointer)
  }
}

type HostCall = (entry: Uint8Array, buffer: Uint8Array, result: BigUint64Array, hostError: Int32Array) => number

const ERANGE = 34

const hostEntry = (call: HostCall): Answer => {
  for (let size = 1024; size <= 1 << 20; size *= 4) {
    const entry = new Uint8Array(128)
    const buffer = new Uint8Array(size)
    const result = new BigUint64Array(16)
    const hostError = new Int32Array(32)
    koffi.errno(0)
    if (call(entry, buffer, result, hostError) === ERANGE) continue
    const errno = koffi.errno()
    if (result[0] === 0n) return { code: eaiOf(hostError[0]!), errno, value: null }
    const view = new DataView(entry.buffer)
    const name = koffi.decode.string(view.getBigUint64(0, true))
    const aliases = pointersAt(view.getBigUint64(8, true)).map((pointer) => koffi.decode.string(pointer))
    const length = view.getInt32(20, true)
    const addresses = pointersAt(view.getBigUint64(24, true)).map((pointer) => formatIp(octetsAt(pointer, length)))
    return { code: 0, errno, value: [name, aliases, addresses] }
  }
  return { code: constants.EAI_OVERFLOW!, errno: 0, value: null }
}

const hasHostEntries = platform === "linux"

/** Where the platform has no `gethostbyname2_r`: the same answer without its aliases. */
const hostByName = (name: string, family: number): Answer => {
  const found = lookUp(["getaddrinfo", name, null, family, constants.SOCK_STREAM!, 0, constants.AI_CANONNAME!])
  if (found.code !== 0) return found
  const [canonicalName, ...rest] = found.value as ReadonlyArray<string>
  return { ...found, value: [canonicalName ?? name, [], rest.filter((_, i) => i % 5 === 2)] }
}

const hostByAddress = (address: string): Answer => {
  const found = nameOf(address, 0, 0, constants.NI_NAMEREQD!)
  return found.code === 0 ? { ...found, value: [(found.value as [string])[0], [], [address]] } : found
}

const koffiTypes: Readonly<Record<string, string>> = {
  v: "void",
  i: "int32_t",
  u: "uint32_t",
  l: "int64_t",
  L: "uint64_t",
  p: "uint64_t",
  d: "double",
  f: "float",
  s: "str",
  b: "void *"
}

const prototypes = new Map<string, ReturnType<typeof koffi.proto>>()

const callFunction = (address: bigint, returns: string, types: string, args: ReadonlyArray<unknown>): Answer => {
  const key = `${returns}${types}`
  let prototype = prototypes.get(key)
  if (prototype === undefined) {
    prototype = koffi.proto(
      koffiTypes[returns]!,
      Array.from(types, (type) => koffiTypes[type]!)
    )
    prototypes.set(key, prototype)
  }
  koffi.errno(0)
  const result = koffi.call(address, prototype, ...args) as unknown
  const errno = koffi.errno()
  const value = "lLp".includes(returns) ? BigInt(result as number | bigint) : result
  return { code: 0, errno, value: [value, ...args.filter((arg, i) => types[i] === "b" && arg !== null)] }
}

const perform = (operation: Operation): Answer => {
  switch (operation[0]) {
    case "getaddrinfo":
      return lookUp(operation)
    case "getnameinfo":
      return nameOf(operation[1], operation[2], operation[3], operation[4])
    case "gethostbyname": {
      const [, name, family] = operation
      return hasHostEntries
        ? hostEntry((entry, buffer, ...out) => gethostbyname2_r(name, family, entry, buffer, buffer.length, ...out))
        : hostByName(name, family)
    }
    case "gethostbyaddr": {
      const address = parseIp(operation[1])
      const family = address.length === 4 ? constants.AF_INET : constants.AF_INET6
      return hasHostEntries
        ? hostEntry((entry, buffer, ...out) =>
            gethostbyaddr_r(address, address.length, family, entry, buffer, buffer.length, ...out)
          )
        : hostByAddress(operation[1])
    }
    case "call":
      return callFunction(operation[1], operation[2], operation[3], operation[4])
    default:
      return operation satisfies never
  }
}

parentPort!.on("message", ({ id, operation }: Ask) => {
  let reply: Reply
  try {
    reply = { id, ...perform(operation) }
  } catch (error) {
    reply = { id, code: 0, errno: 0, value: null, threw: String(error) }
  }
  parentPort!.postMessage(reply)
})
