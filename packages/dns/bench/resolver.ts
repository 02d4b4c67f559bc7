/**
 * The resolver against its peers: NSD from Debian on the second core for UDP, a small C server of our own (`echo.c`) for
 * bulk over TCP, all clients on the first core. Ours runs through its public Effect API.
 */
import * as nodeDns from "node:dns"
import { Bench } from "@handoff/bench"
import { Bulk, type Dns } from "@handoff/dns"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as echo from "./support/echo.ts"
import * as load from "./support/load.ts"
import * as nsd from "./support/nsd.ts"
import * as peers from "./support/peers.ts"

const question = (index: number) => ({ name: nsd.name(index), address: nsd.address(index) })
const uncached: Dns.Options = { cache: { maxOctets: 0 } }
const perSecond = "queries/s"
const cpu = "CPU, us/query"
const lost = "lost"

const figuresOf = (figures: load.Figures) => ({
  [perSecond]: figures.perSecond,
  [cpu]: figures.cpu,
  "p99, ms": figures.p99,
  [lost]: figures.lost
})

const nsdPort = (context: Bench.Context): number => Number(context.environment["nsd"])
const echoPort = (context: Bench.Context): number => Number(context.environment["echo"])

/** A subject that asks NSD for a while. */
const peer =
  (inFlight: number, make: (port: number) => peers.Ask | Promise<peers.Ask>): Bench.Run =>
  async (context) => {
    nsd.pin(0)
    const ask = await make(nsdPort(context))
    const first = await new Promise<ReadonlyArray<string>>((resolve) => ask(nsd.name(7), resolve))
    context.check(first.includes(nsd.address(7)), "the address of a name")
    const shape = (millis: number): load.Load => ({
      inFlight,
      until: { millis },
      ask: (index, onEnd) => {
        ask(nsd.name(index), (addresses) => onEnd(addresses[0] === nsd.address(index)))
      }
    })
    await load.run(shape(context.seconds * 1_000))
    return figuresOf(await load.run(shape(context.seconds * 1_000)))
  }

const ours =
  (inFlight: number): Bench.Run =>
  async (context) => {
    nsd.pin(0)
    const dns = await peers.handoff({ servers: [`127.0.0.1:${nsdPort(context)}`], ...uncached })
    const answer = await Effect.runPromise(dns.resolve(nsd.name(7), "A"))
    context.check(answer.records.length === 1 && answer.transport === "udp", "the address of a name")
    const shape = (millis: number) => ({ inFlight, until: { millis } })
    await peers.fibers(dns, question, shape(context.seconds * 1_000))
    return figuresOf(await peers.fibers(dns, question, shape(context.seconds * 1_000)))
  }

const names = Arr.makeBy(nsd.names, nsd.name)

/** Those who are asked at 100 in flight only: with 1,000 most of them wait for their own timeouts. */
const others: Bench.Work["subjects"] = {
  "dns.lookup": {
    absent: peers.hasNamespaces,
    run: async (context) => {
      const figures = peers.lookup({ inFlight: 100, millis: context.seconds * 1_000 })
      context.check(figures.asked > figures.lost, "the address of a name")
      return figuresOf(figures)
    }
  },
  "dns-socket": peer(100, peers.dnsSocket),
  "native-dns": peer(100, peers.nativeDns),
  dns2: peer(100, peers.dns2),
  "cacheable-lookup": peer(100, peers.cacheableLookup),
  dnspython: {
    absent: peers.hasDnspython,
    run: async (context) => {
      nsd.pin(0)
      const seconds = Math.max(1, context.seconds)
      const figure = peers.dnspython({ port: nsdPort(context), domain: "bench.example", inFlight: 100, seconds })
      context.check(figure > 0, "dnspython says how many")
      return { [perSecond]: figure }
    }
  }
}

const overUdp = (inFlight: number, more: Bench.Work["subjects"] = {}): Bench.Work => ({
  name: `${inFlight.toLocaleString("en")} in flight`,
  subjects: {
    handoff: ours(inFlight),
    "node:dns": peer(inFlight, (port) => peers.cares([port])),
    dnsperf: {
      absent: peers.hasDnsperf,
      run: async (context) => {
        nsd.pin(0)
        const figure = peers.dnsperf({ port: nsdPort(context), names, inFlight, seconds: context.seconds, mode: "udp" })
        context.check(figure > 0, "dnsperf says how many")
        return { [perSecond]: figure }
      }
    },
    ...more
  }
})

/** One question after the other; the median of their latencies. */
const latency = (ask: (index: number) => Promise<boolean>, context: Bench.Context) =>
  load
    .run({
      inFlight: 1,
      until: { millis: context.seconds * 1_000 },
      ask: (index, onEnd) => void ask(index).then(onEnd)
    })
    .then((figures) => ({ "latency, us": figures.p50 * 1_000, "p99, us": figures.p99 * 1_000, [lost]: figures.lost }))

const oneAtATime: Bench.Work = {
  name: "one at a time",
  subjects: {
    handoff: async (context) => {
      nsd.pin(0)
      const dns = await peers.handoff({ servers: [`127.0.0.1:${nsdPort(context)}`], ...uncached })
      const one = (index: number) =>
        Effect.runPromise(dns.resolve(nsd.name(index), "A")).then((answer) => answer.records.length === 1)
      context.check(await one(7), "the address of a name")
      for (let i = 0; i < 1_000; i++) await one(i)
      return latency(one, context)
    },
    "node:dns": async (context) => {
      nsd.pin(0)
      const resolver = new nodeDns.promises.Resolver()
      resolver.setServers([`127.0.0.1:${nsdPort(context)}`])
      const one = (index: number) =>
        resolver.resolve4(nsd.name(index)).then((addresses) => addresses[0] === nsd.address(index))
      context.check(await one(7), "the address of a name")
      for (let i = 0; i < 1_000; i++) await one(i)
      return latency(one, context)
    }
  }
}

/** Very many names through `Bulk`, over one TCP connection to the server of our own. */
const bulk =
  (concurrency: number): Bench.Run =>
  async (context) => {
    nsd.pin(0)
    const dns = await peers.handoff({ servers: [`tcp://127.0.0.1:${echoPort(context)}`], ...uncached })
    const answer = await Effect.runPromise(dns.resolve(nsd.name(7), "A"))
    context.check(answer.transport === "tcp" && answer.records.length === 1, "an answer over TCP")
    const questions = Arr.map(names, (name) => ({ name }))
    const count = async (millis: number) => {
      const begun = performance.now()
      const cpuBegun = process.cpuUsage()
      let right = 0
      let wrong = 0
      const input = Stream.fromPull(
        Effect.succeed(
          Effect.suspend(() => (performance.now() - begun < millis ? Effect.succeed(questions) : Cause.done()))
        )
      )
      const taken = Stream.runForEachArray(Bulk.resolve(dns, input, { concurrency }), (completions) =>
        Effect.sync(() => {
          for (const { result } of completions) {
            if ("records" in result && result.records.length === 1) right++
            else wrong++
          }
        })
      )
      await Effect.runPromise(taken)
      const elapsed = performance.now() - begun
      const used = process.cpuUsage(cpuBegun)
      return { [perSecond]: (right * 1_000) / elapsed, [cpu]: (used.user + used.system) / right, [lost]: wrong }
    }
    await count(context.seconds * 1_000)
    return count(context.seconds * 1_000)
  }

const overTcp = (inFlight: number): Bench.Work => ({
  name: `bulk over one TCP connection, ${inFlight.toLocaleString("en")} in flight`,
  subjects: {
    handoff: { absent: echo.absent, run: bulk(inFlight) },
    // c-ares has no bulk mode: what it does over UDP to the same server is what a program gets from Node.
    "node:dns": {
      absent: echo.absent,
      run: async (context) => {
        nsd.pin(0)
        const ask = peers.cares([echoPort(context)])
        const shape = (millis: number): load.Load => ({
          inFlight,
          until: { millis },
          ask: (index, onEnd) => {
            ask(nsd.name(index), (addresses) => onEnd(addresses[0] === echo.address))
          }
        })
        const warm = await load.run(shape(context.seconds * 1_000))
        context.check(warm.lost < warm.asked, "answers")
        return figuresOf(await load.run(shape(context.seconds * 1_000)))
      }
    },
    dnsperf: {
      absent: () => peers.hasDnsperf() ?? echo.absent(),
      run: async (context) => {
        nsd.pin(0)
        const figure = peers.dnsperf({
          port: echoPort(context),
          names,
          inFlight,
          seconds: context.seconds,
          mode: "tcp"
        })
        context.check(figure > 0, "dnsperf says how many")
        return { [perSecond]: figure }
      }
    }
  }
})

const cached: Bench.Work = {
  name: "cached answers",
  subjects: {
    handoff: async (context) => {
      nsd.pin(0)
      const dns = await peers.handoff({ servers: [`127.0.0.1:${nsdPort(context)}`] })
      const known = Array.from({ length: 1_000 }, (_, index) => nsd.name(index))
      const fill = Effect.forEach(known, (name) => dns.resolve(name, "A"), { concurrency: 50 })
      await Effect.runPromise(fill)
      context.check(dns.resolver.cache.stats().entries === 1_000, "all are in the cache")
      let index = 0
      let wrong = 0
      const step = 10_000
      // One fiber that asks one after the other, as a program does.
      const asks = Effect.gen(function* () {
        for (let i = 0; i < step; i++) {
          const answer = yield* dns.resolve(known[index++ % 1_000]!, "A")
          if (answer.records.length !== 1) wrong++
        }
      })
      const figure = await context.rate(() => Effect.runPromise(asks), { perStep: step })
      context.check(wrong === 0, "every answer is right")
      return { "answers/s": figure }
    }
  }
}

const heap = (): number => {
  globalThis.gc!()
  globalThis.gc!()
  const { arrayBuffers, external, heapUsed } = process.memoryUsage()
  return heapUsed + Math.max(external, arrayBuffers)
}

const memory: Bench.Work = {
  name: "memory",
  rounds: 1,
  subjects: {
    handoff: {
      nodeArguments: ["--expose-gc"],
      run: async (context) => {
        // A port that is bound and silent: all questions stay outstanding.
        const silent = await import("node:dgram").then(
          (dgram) =>
            new Promise<import("node:dgram").Socket>((resolve) => {
              const socket = dgram.createSocket({ type: "udp4", recvBufferSize: 4_096 })
              socket.bind(0, "127.0.0.1", () => resolve(socket))
            })
        )
        const idle = await peers.handoff({
          servers: [`127.0.0.1:${silent.address().port}`],
          timeout: "30 seconds",
          ...uncached
        })
        const before = heap()
        const cancels: Array<() => void> = []
        for (let i = 0; i < 100_000; i++) {
          cancels.push(idle.resolveUnsafe(`host${i}.bench.example`, "A", () => {}))
        }
        const outstanding = (heap() - before) / 100_000
        context.check(idle.resolver.outstanding === 100_000, "all are outstanding")
        for (const cancel of cancels) cancel()
        cancels.length = 0
        context.check(idle.resolver.outstanding === 0, "none is left")
        silent.close()
        // Sockets close, and bursts are let go of, as the loop turns.
        for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
        const left = Math.max(0, heap() - before) / 100_000
        const dns = await peers.handoff({
          servers: [`127.0.0.1:${nsdPort(context)}`],
          cache: { maxOctets: 64 * 2 ** 20 }
        })
        const empty = heap()
        await peers.fibers(dns, question, { inFlight: 100, until: { questions: nsd.names } })
        const { entries, octets } = dns.resolver.cache.stats()
        context.check(entries === nsd.names, "all are in the cache")
        const each = (heap() - empty) / entries
        // A cache that holds a fifth of the names, asked for all of them: it must stay within its limit.
        const maxOctets = 4 * 2 ** 20
        const small = await peers.handoff({ servers: [`127.0.0.1:${nsdPort(context)}`], cache: { maxOctets } })
        const beforeSmall = heap()
        await peers.fibers(small, question, { inFlight: 100, until: { questions: nsd.names } })
        context.check(small.resolver.cache.stats().evicted > 0, "names were put out of the small cache")
        const held = (heap() - beforeSmall) / maxOctets
        return {
          "an outstanding question, octets": outstanding,
          "left of each when all are given up, octets": left,
          "a full cache, share of its limit": held,
          "a cached answer, octets": each,
          "a cached answer as counted, octets": octets / entries
        }
      }
    }
  }
}

/** Ten million names through `Bulk`: what the heap has grown by, from the first tenth on. */
const tenMillion: Bench.Work = {
  name: "ten million names",
  rounds: 1,
  subjects: {
    handoff: {
      nodeArguments: ["--expose-gc"],
      absent: echo.absent,
      run: async (context) => {
        nsd.pin(0)
        const dns = await peers.handoff({ servers: [`tcp://127.0.0.1:${echoPort(context)}`], ...uncached })
        const total = context.quick ? 200_000 : 10_000_000
        let done = 0
        let wrong = 0
        let early = 0
        const piece = 1_000
        let given = 0
        const input = Stream.fromPull(
          Effect.succeed(
            Effect.suspend(() => {
              if (given >= total) return Cause.done()
              const first = given
              given += piece
              return Effect.succeed(Arr.makeBy(piece, (index) => ({ name: `n${first + index}.bench.example` })))
            })
          )
        )
        const begun = performance.now()
        await Effect.runPromise(
          Stream.runForEachArray(Bulk.resolve(dns, input), (completions) =>
            Effect.sync(() => {
              for (const { result } of completions) if (!("records" in result) || result.records.length !== 1) wrong++
              done += completions.length
              if (early === 0 && done >= total / 10) early = heap()
            })
          )
        )
        context.check(done === total && wrong === 0, "every name has its answer")
        return {
          "growth, MB": Math.max(0, heap() - early) / 2 ** 20,
          [perSecond]: (total * 1_000) / (performance.now() - begun)
        }
      }
    }
  }
}

const against = (
  work: string,
  metric: string,
  peerName: string,
  reach: { readonly atLeast: number } | { readonly atMost: number }
): Bench.Goal => ({ work, metric, subject: "handoff", against: peerName, ...reach })

export default Bench.define({
  name: "dns/resolver",
  environment: async () => {
    const reason = nsd.absent()
    if (reason !== undefined) throw new Error(reason)
    const server = await nsd.start()
    const own = echo.absent() === undefined ? await echo.start() : undefined
    return {
      values: { nsd: String(server.port), echo: String(own?.port ?? 0) },
      stop: async () => {
        await server.stop()
        await own?.stop()
        echo.clean()
      }
    }
  },
  works: [overUdp(100, others), overUdp(1_000), oneAtATime, overTcp(100), overTcp(1_000), cached, memory, tenMillion],
  goals: [
    against("100 in flight", perSecond, "node:dns", { atLeast: 1.5 }),
    against("100 in flight", perSecond, "dnsperf", { atLeast: 0.7 }),
    against("100 in flight", perSecond, "dnspython", { atLeast: 20 }),
    against("100 in flight", cpu, "node:dns", { atMost: 0.7 }),
    against("1,000 in flight", perSecond, "node:dns", { atLeast: 3 }),
    against("1,000 in flight", perSecond, "dnsperf", { atLeast: 0.65 }),
    { work: "1,000 in flight", metric: lost, subject: "handoff", against: 1, atMost: 0 },
    against("one at a time", "latency, us", "node:dns", { atMost: 0.8 }),
    against("bulk over one TCP connection, 100 in flight", perSecond, "node:dns", { atLeast: 6 }),
    against("bulk over one TCP connection, 100 in flight", perSecond, "dnsperf", { atLeast: 1 }),
    against("bulk over one TCP connection, 1,000 in flight", perSecond, "node:dns", { atLeast: 15 }),
    against("bulk over one TCP connection, 1,000 in flight", perSecond, "dnsperf", { atLeast: 1 }),
    { work: "cached answers", metric: "answers/s", subject: "handoff", against: 1_000_000, atLeast: 1 },
    { work: "memory", metric: "an outstanding question, octets", subject: "handoff", against: 2_500, atMost: 1 },
    {
      work: "memory",
      metric: "left of each when all are given up, octets",
      subject: "handoff",
      against: 50,
      atMost: 1
    },
    { work: "memory", metric: "a full cache, share of its limit", subject: "handoff", against: 1, atMost: 1.1 },
    { work: "ten million names", metric: "growth, MB", subject: "handoff", against: 16, atMost: 1 },
    {
      work: "memory",
      metric: "a cached answer, octets",
      subject: "handoff",
      against: { subject: "handoff", metric: "a cached answer as counted, octets" },
      atMost: 1.1
    }
  ]
})
