/** Ways to look a name up, all of one shape; each is started in a process of its own. */
import * as dns from "node:dns"

/** Gives the first IPv4 address of every name, all asked for at once. */
export type LookUp = (names: ReadonlyArray<string>) => Promise<ReadonlyArray<string>>

export interface Lookuper {
  readonly lookUp: LookUp
  /** From the first line of ours or theirs to being able to take a lookup, in milliseconds. */
  readonly readyMillis: number
}

const timed = async (start: () => Promise<LookUp> | LookUp): Promise<Lookuper> => {
  const began = performance.now()
  const lookUp = await start()
  return { lookUp, readyMillis: performance.now() - began }
}

const handoff = async (options: { readonly threads: number; readonly backend: "addon" | "workers" }) => {
  const { LookupHost } = await import("@handoff/core")
  const { Libc } = await import("@handoff/threads/libc")
  const Effect = await import("effect/Effect")
  const Scope = await import("effect/Scope")
  const NetAddress = await import("effect/net/NetAddress")
  return timed(async () => {
    const libc = await Effect.runPromise(Scope.provide(Libc.make(options), Scope.makeUnsafe()))
    return (names) =>
      Promise.all(
        names.map(
          (name) =>
            new Promise<string>((resolve, reject) => {
              libc.submitUnsafe(new LookupHost({ name, family: "IPv4" }), (exit) => {
                if (exit._tag === "Success") resolve(NetAddress.formatIp(exit.value[0]))
                else reject(new Error(String(exit.cause)))
              })
            })
        )
      )
  })
}

const byNode = () =>
  timed(
    () => (names) => Promise.all(names.map(async (name) => (await dns.promises.lookup(name, { family: 4 })).address))
  )

const byKoffi = async () => {
  const { lookupAsync } = await import("./koffiLookup.ts")
  return timed(() => (names) => Promise.all(names.map(lookupAsync)))
}

const byGlibc = async () => {
  const { lookupByGlibc } = await import("./koffiLookup.ts")
  return timed(() => lookupByGlibc)
}

const byPiscina = async (threads: number) => {
  const { Piscina } = await import("piscina")
  return timed(async () => {
    const pool = new Piscina({
      filename: new URL("./blockingLookup.mjs", import.meta.url).href,
      minThreads: threads,
      maxThreads: threads
    })
    // Its workers start by themselves; they are there when each has answered once.
    await Promise.all(Array.from({ length: threads }, () => pool.run("127.0.0.1")))
    return (names) => Promise.all(names.map((name) => pool.run(name) as Promise<string>))
  })
}

export const lookupers: Readonly<Record<string, () => Promise<Lookuper>>> = {
  handoff: () => handoff({ threads: 64, backend: "addon" }),
  "handoff, 512 threads": () => handoff({ threads: 512, backend: "addon" }),
  "handoff, 16 lean workers": () => handoff({ threads: 16, backend: "workers" }),
  "dns.lookup": byNode,
  "koffi async": byKoffi,
  getaddrinfo_a: byGlibc,
  "piscina + koffi, 16 workers": () => byPiscina(16)
}
