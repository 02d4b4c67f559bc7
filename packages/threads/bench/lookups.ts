/**
 * Names by the platform, many at once, against the other ways to call `getaddrinfo`. Every measurement runs in private
 * namespaces where the only name server is ours, on loopback, and answers after 100 ms, or at once for the rates.
 */
import { Bench } from "@handoff/bench"
import * as PrivateSystem from "../test/libc/support/PrivateSystem.ts"

const file = new URL("./support/measure.ts", import.meta.url)
const reason = PrivateSystem.unavailable()

/** A way to look names up, and the size of libuv's pool where it matters. */
const subject = (
  way: string,
  what: string,
  options: { readonly delayMillis?: number; readonly pool?: number } = {}
) => ({
  absent: () => reason,
  run: async (context: Bench.Context) => {
    const seconds = what === "meanwhile" ? (context.quick ? 4 : 8) : context.seconds
    const figures = await PrivateSystem.run(
      {
        nsswitch: "hosts: files dns",
        hosts: "127.0.0.1 localhost",
        resolvConf: "nameserver 127.0.0.1\noptions timeout:30 attempts:1",
        zone: {
          records: {},
          wildcard: ".bench.example",
          ...(options.delayMillis === undefined ? {} : { delayMillis: options.delayMillis })
        }
      },
      {
        file,
        args: [way, what, String(seconds)],
        nodeArguments: ["--expose-gc"],
        environment: options.pool === undefined ? {} : { UV_THREADPOOL_SIZE: String(options.pool) }
      }
    )
    // The measuring program checks every address and ends without figures when one is wrong.
    context.check(Object.keys(figures).length > 0, "every name has the address that the server gave")
    return figures as Bench.Figures
  }
})

const slow = { delayMillis: 100 }
const isQuick = process.argv.includes("--quick")
const few = isQuick ? { rounds: 1 } : {}

export default Bench.define({
  name: "threads/lookups",
  works: [
    {
      name: "64 lookups at once, a server that takes 100 ms",
      ...few,
      subjects: {
        handoff: subject("handoff", "64", slow),
        "dns.lookup, 4 libuv threads (default)": subject("dns.lookup", "64", slow),
        "dns.lookup, 64 libuv threads": subject("dns.lookup", "64", { ...slow, pool: 64 }),
        "dns.lookup, 128 libuv threads": subject("dns.lookup", "64", { ...slow, pool: 128 }),
        "koffi async": subject("koffi async", "64", slow),
        "getaddrinfo_a by koffi": subject("getaddrinfo_a", "64", slow),
        "handoff, 16 lean workers": subject("handoff, 16 lean workers", "64", slow),
        "piscina + koffi, 16 workers": subject("piscina + koffi, 16 workers", "64", slow)
      }
    },
    {
      name: "512 lookups at once, a server that takes 100 ms",
      ...few,
      subjects: {
        "handoff, 512 threads": subject("handoff, 512 threads", "512", slow),
        "dns.lookup, 128 libuv threads": subject("dns.lookup", "512", { ...slow, pool: 128 })
      }
    },
    {
      name: "files and crypto while 64 lookups wait",
      ...(isQuick ? { rounds: 2 } : {}),
      subjects: {
        handoff: subject("handoff", "meanwhile", slow),
        "dns.lookup, 4 libuv threads (default)": subject("dns.lookup", "meanwhile", slow),
        "koffi async": subject("koffi async", "meanwhile", slow)
      }
    },
    {
      name: "lookups/s, 64 in flight, a server that answers at once",
      ...(isQuick ? { rounds: 2 } : {}),
      subjects: {
        handoff: subject("handoff", "rate"),
        "dns.lookup, 4 libuv threads (default)": subject("dns.lookup", "rate"),
        "dns.lookup, 128 libuv threads": subject("dns.lookup", "rate", { pool: 128 })
      }
    }
  ],
  goals: [
    {
      work: "64 lookups at once, a server that takes 100 ms",
      metric: "all done, server delays",
      subject: "handoff",
      against: 1,
      atMost: 1.3
    },
    {
      work: "64 lookups at once, a server that takes 100 ms",
      metric: "memory per waiting lookup, MB",
      subject: "handoff",
      against: 0.1,
      atMost: 1
    },
    {
      work: "64 lookups at once, a server that takes 100 ms",
      metric: "ready, ms",
      subject: "handoff",
      against: 20,
      atMost: 1
    },
    {
      work: "512 lookups at once, a server that takes 100 ms",
      metric: "all done, server delays",
      subject: "handoff, 512 threads",
      against: 1,
      atMost: 2
    },
    {
      work: "files and crypto while 64 lookups wait",
      metric: "fs.readFile p99, times that without",
      subject: "handoff",
      against: 1,
      atMost: 1.1
    },
    {
      work: "files and crypto while 64 lookups wait",
      metric: "pbkdf2 p99, times that without",
      subject: "handoff",
      against: 1,
      atMost: 1.1
    },
    {
      work: "lookups/s, 64 in flight, a server that answers at once",
      metric: "lookups/s",
      subject: "handoff",
      against: "best peer",
      atLeast: 1
    }
  ]
})
