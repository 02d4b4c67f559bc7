/**
 * The resolver in bad networks, beside c-ares: datagrams lost both ways, and one dead server of three. The server is the
 * bench's own (`echo.c`), which drops the stated share of what comes and of what goes.
 */
import * as dgram from "node:dgram"
import { Bench } from "@handoff/bench"
import * as echo from "./support/echo.ts"
import * as load from "./support/load.ts"
import * as nsd from "./support/nsd.ts"
import * as peers from "./support/peers.ts"

const perTenThousand = "failed of 10,000"
const p99 = "p99, ms"

const figuresOf = (figures: load.Figures) => ({
  [perTenThousand]: (figures.lost * 10_000) / figures.asked,
  [p99]: figures.p99,
  "p50, ms": figures.p50,
  "queries/s": figures.perSecond
})

/** Every question is another name, so that nothing is answered from memory. */
const question = (index: number) => ({ name: `n${index}.bench.example`, address: echo.address })

interface Scene {
  /** Which servers, by their names in the environment. */
  readonly servers: ReadonlyArray<string>
  readonly inFlight: number
  readonly questions: number
}

const portsOf = (context: Bench.Context, scene: Scene): ReadonlyArray<number> =>
  scene.servers.map((server) => Number(context.environment[server]))

const shapeOf = (context: Bench.Context, scene: Scene) => ({
  inFlight: scene.inFlight,
  until: { questions: context.quick ? scene.questions / 10 : scene.questions }
})

const handoff =
  (scene: Scene): Bench.Run =>
  async (context) => {
    nsd.pin(0)
    const servers = portsOf(context, scene).map((port) => `127.0.0.1:${port}`)
    const dns = await peers.handoff({ servers, cache: { maxOctets: 0 } })
    const warm = await peers.fibers(dns, question, { inFlight: 10, until: { questions: 200 } })
    context.check(warm.lost < 10, "answers")
    return figuresOf(await peers.fibers(dns, question, shapeOf(context, scene)))
  }

const cares =
  (scene: Scene): Bench.Run =>
  async (context) => {
    nsd.pin(0)
    const asks = peers.cares(portsOf(context, scene))
    const ask: load.Load["ask"] = (index, onEnd) => {
      asks(question(index).name, (addresses) => onEnd(addresses[0] === echo.address))
    }
    const warm = await load.run({ ask, inFlight: 10, until: { questions: 200 } })
    context.check(warm.lost < 200, "answers")
    return figuresOf(await load.run({ ask, ...shapeOf(context, scene) }))
  }

const work = (name: string, scene: Scene): Bench.Work => ({
  name,
  rounds: 3,
  subjects: {
    handoff: { absent: echo.absent, run: handoff(scene) },
    "node:dns": { absent: echo.absent, run: cares(scene) }
  }
})

const five = "5% lost, both ways"
const twenty = "20% lost, both ways"
const allAlive = "three servers"
const oneDead = "three servers, one dead"

export default Bench.define({
  name: "dns/loss",
  environment: async () => {
    const reason = echo.absent()
    if (reason !== undefined) throw new Error(reason)
    const servers = { five: await echo.start(0.05), twenty: await echo.start(0.2) }
    const live = await Promise.all([echo.start(), echo.start(), echo.start()])
    // Bound and never read: silent, without an ICMP error.
    const dead = dgram.createSocket({ type: "udp4", recvBufferSize: 4_096 })
    await new Promise<void>((resolve) => dead.bind(0, "127.0.0.1", resolve))
    return {
      values: {
        five: String(servers.five.port),
        twenty: String(servers.twenty.port),
        live0: String(live[0].port),
        live1: String(live[1].port),
        live2: String(live[2].port),
        dead: String(dead.address().port)
      },
      stop: async () => {
        dead.close()
        for (const server of [...Object.values(servers), ...live]) await server.stop()
        echo.clean()
      }
    }
  },
  works: [
    work(five, { servers: ["five"], inFlight: 200, questions: 20_000 }),
    work(twenty, { servers: ["twenty"], inFlight: 200, questions: 5_000 }),
    work(allAlive, { servers: ["live0", "live1", "live2"], inFlight: 50, questions: 20_000 }),
    work(oneDead, { servers: ["dead", "live1", "live2"], inFlight: 50, questions: 20_000 })
  ],
  goals: [
    { work: five, metric: perTenThousand, subject: "handoff", against: 1, atMost: 1 },
    { work: five, metric: p99, subject: "handoff", against: "node:dns", atMost: 1 / 3 },
    { work: twenty, metric: p99, subject: "handoff", against: "node:dns", atMost: 1 / 3 },
    {
      work: oneDead,
      metric: p99,
      subject: "handoff",
      against: { work: allAlive, subject: "handoff", metric: p99 },
      atMost: 2
    }
  ]
})
