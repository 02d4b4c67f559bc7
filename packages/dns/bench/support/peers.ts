/** Our resolver and its peers, each as a function that asks one question of the name server at a port. */
import { execFileSync, spawnSync } from "node:child_process"
import * as nodeDns from "node:dns"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { Dns } from "@handoff/dns"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { Load } from "./load.ts"
import * as load from "./load.ts"

export type Ask = (name: string, onAddresses: (addresses: ReadonlyArray<string>) => void) => void

/** A resolver in a scope of its own, which ends with the process. */
export const handoff = (options: Dns.Options): Promise<Dns.Shape> =>
  Effect.runPromise(Scope.provide(Dns.make({ hosts: false, ...options }), Scope.makeUnsafe()))

/** A load on our resolver through its Effect API: as many fibers as questions in flight, each asking one after the other. */
export const fibers = async (
  dns: Dns.Shape,
  question: (index: number) => { readonly name: string; readonly address: string },
  shape: Pick<Load, "inFlight" | "until">
): Promise<load.Figures> => {
  const meter = load.meter(shape.until)
  const worker = Effect.suspend(() => {
    let asked = question(0)
    let at = 0
    return Effect.whileLoop({
      while: () => meter.goesOn(),
      body: () => {
        asked = question(meter.asked++)
        at = performance.now()
        return Effect.exit(dns.resolve(asked.name, "A"))
      },
      step: (exit) => {
        const record = exit._tag === "Success" ? exit.value.records[0] : undefined
        meter.count(at, record?.type === "A" && record.data.address === asked.address)
      }
    })
  })
  const workers = Array.from({ length: shape.inFlight }, () => worker)
  await Effect.runPromise(Effect.all(workers, { concurrency: "unbounded", discard: true }))
  return meter.figures()
}

export const cares = (ports: ReadonlyArray<number>): Ask => {
  const resolver = new nodeDns.Resolver()
  resolver.setServers(ports.map((port) => `127.0.0.1:${port}`))
  return (name, onAddresses) =>
    resolver.resolve4(name, (error, addresses) => onAddresses(error === null ? addresses : []))
}

/** A peer's module; none of them has types that fit. */
const untyped = async (name: string): Promise<any> => {
  const module: { readonly default: unknown } = await import(name)
  return module.default
}

const unshare = ["--user", "--map-root-user", "--mount", "--net"]

export const hasNamespaces = (): string | undefined =>
  spawnSync("unshare", [...unshare, "true"], { stdio: "ignore" }).status === 0
    ? undefined
    : "needs user namespaces, so that the C library finds the name server of the bench"

/** What `dns.lookup` does in namespaces of its own: `lookup.ts`. */
export const lookup = (options: { readonly inFlight: number; readonly millis: number }): load.Figures => {
  const script = fileURLToPath(new URL("lookup.ts", import.meta.url))
  const words = [process.execPath, script, String(options.inFlight), String(options.millis)]
  const text = execFileSync("unshare", [...unshare, ...words], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"]
  })
  return JSON.parse(text.trim().split("\n").at(-1)!) as load.Figures
}

export const dnsSocket = async (port: number): Promise<Ask> => {
  const make = await untyped("dns-socket")
  const socket = make()
  return (name, onAddresses) =>
    socket.query({ questions: [{ type: "A", name }] }, port, "127.0.0.1", (error: unknown, reply: any) =>
      onAddresses(error === null ? reply.answers.map((answer: any) => answer.data) : [])
    )
}

export const nativeDns = async (port: number): Promise<Ask> => {
  const dns = await untyped("native-dns")
  return (name, onAddresses) => {
    let addresses: ReadonlyArray<string> = []
    const request = dns.Request({
      question: dns.Question({ name, type: "A" }),
      server: { address: "127.0.0.1", port, type: "udp" },
      timeout: 5_000
    })
    request.on("message", (_error: unknown, reply: any) => {
      addresses = reply.answer.map((answer: any) => answer.address)
    })
    request.on("end", () => onAddresses(addresses))
    request.send()
  }
}

export const dns2 = async (port: number): Promise<Ask> => {
  const make = await untyped("dns2")
  const client = new make({ nameServers: ["127.0.0.1"], port })
  return (name, onAddresses) => {
    client.resolveA(name).then(
      (reply: any) => onAddresses(reply.answers.map((answer: any) => answer.address)),
      () => onAddresses([])
    )
  }
}

export const cacheableLookup = async (port: number): Promise<Ask> => {
  const make = await untyped("cacheable-lookup")
  const cache = new make({ lookup: false, maxTtl: 0 })
  cache.servers = [`127.0.0.1:${port}`]
  return (name, onAddresses) => {
    cache.lookupAsync(name, { family: 4, all: true }).then(
      (found: any) => onAddresses(found.map((one: any) => one.address)),
      () => onAddresses([])
    )
  }
}

export const hasDnsperf = (): string | undefined =>
  fs.existsSync("/usr/bin/dnsperf") ? undefined : "dnsperf is not installed: apt-get install dnsperf"

/** Queries a second of dnsperf, on the first core. */
export const dnsperf = (options: {
  readonly port: number
  readonly names: ReadonlyArray<string>
  readonly inFlight: number
  readonly seconds: number
  readonly mode: "udp" | "tcp"
}): number => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-dnsperf-"))
  const file = path.join(folder, "names")
  fs.writeFileSync(file, options.names.map((name) => `${name} A\n`).join(""))
  const { inFlight, mode, port, seconds } = options
  const words = ["-s", "127.0.0.1", "-p", String(port), "-d", file, "-l", String(Math.max(1, Math.round(seconds)))]
  try {
    const text = execFileSync("dnsperf", [...words, "-c", "1", "-T", "1", "-q", String(inFlight), "-m", mode], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"]
    })
    return Number(/Queries per second:\s+([\d.]+)/.exec(text)?.[1] ?? 0)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

const python = "/usr/bin/python3"

export const hasDnspython = (): string | undefined =>
  spawnSync(python, ["-c", "import dns.asyncquery"]).status === 0
    ? undefined
    : "dnspython is not installed: apt-get install python3-dnspython"

/** Queries a second of dnspython's asynchronous resolver. */
export const dnspython = (options: {
  readonly port: number
  readonly domain: string
  readonly inFlight: number
  readonly seconds: number
}): number => {
  const program = `
import asyncio, sys, time, dns.asyncresolver
port, domain, flight, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
async def main():
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port, resolver.cache = ["127.0.0.1"], port, None
    done, asked, end = 0, 0, time.monotonic() + seconds
    async def one():
        nonlocal done, asked
        while time.monotonic() < end:
            asked += 1
            await resolver.resolve("host%d.%s" % (asked % 10000, domain), "A")
            done += 1
    begun = time.monotonic()
    await asyncio.gather(*[one() for _ in range(flight)], return_exceptions=True)
    print(done / (time.monotonic() - begun))
asyncio.run(main())
`
  const { domain, inFlight, port, seconds } = options
  const words = ["-c", program, String(port), domain, String(inFlight), String(seconds)]
  return Number(execFileSync(python, words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }))
}
