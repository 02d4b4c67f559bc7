/**
 * Exchanges of 64 octets with an echoing server on the other core: connecting anew for each (`churn`) and on kept
 * connections (`kept`), 100 and 1,000 at once, with the loop's delay; 10,000 connections at once with their memory.
 */
import { Bench } from "@handoff/bench"
import * as clients from "./support/clients.ts"
import * as http from "./support/http.ts"
import * as idle from "./support/idle.ts"
import * as programs from "./support/programs.ts"

const sizes = [100, 1_000] as const
const number = (atOnce: number): string => atOnce.toLocaleString("en")

const exposeGc = (run: Bench.Run): Bench.Subject => ({ run, nodeArguments: ["--expose-gc"] })

export default Bench.define({
  name: "reactor/exchange",
  environment: async () => {
    const echo = await programs.server()
    const web = await http.server()
    return {
      values: { port: echo.port, httpPort: web.port },
      stop: () => {
        echo.stop()
        web.stop()
      }
    }
  },
  works: [
    ...sizes.map((atOnce) => ({
      name: `churn, ${number(atOnce)} at once`,
      subjects: {
        reactor: clients.reactor("churn", atOnce),
        "reactor, callback": clients.reactorCallback("churn", atOnce),
        "node:net": clients.raw("churn", atOnce),
        "node:net onread": clients.rawOnread("churn", atOnce),
        "Effect NodeSocket": clients.effectSocket("churn", atOnce),
        Twisted: programs.twisted("churn", atOnce),
        asyncio: programs.asyncio("churn", atOnce),
        "C epoll": programs.cEpoll("churn", atOnce),
        "threads (32)": clients.threads(atOnce)
      }
    })),
    ...sizes.map((atOnce) => ({
      name: `kept, ${number(atOnce)} at once`,
      subjects: {
        reactor: clients.reactor("kept", atOnce),
        "reactor, callback": clients.reactorCallback("kept", atOnce),
        "reactor pool": clients.pool(atOnce),
        "node:net": clients.raw("kept", atOnce),
        "node:net onread": clients.rawOnread("kept", atOnce),
        "Effect NodeSocket": clients.effectSocket("kept", atOnce),
        Twisted: programs.twisted("kept", atOnce),
        asyncio: programs.asyncio("kept", atOnce),
        "C epoll": programs.cEpoll("kept", atOnce)
      }
    })),
    {
      name: "HTTP/1.1 kept, 100 at once",
      subjects: {
        "reactor pool": http.pool(100),
        "node:net": http.raw(100),
        "undici.dispatch": http.undiciDispatch(100),
        "undici.request": http.undiciRequest(100)
      }
    },
    {
      name: "10,000 connections at once",
      rounds: 3,
      subjects: {
        reactor: exposeGc(idle.kept),
        "reactor, Connection": exposeGc(idle.connection),
        "node:net": exposeGc(idle.raw),
        "node:net onread": exposeGc(idle.rawOnread),
        "Effect NodeSocket": exposeGc(idle.effectSocket)
      }
    }
  ],
  goals: [
    ...sizes.flatMap((atOnce): ReadonlyArray<Bench.Goal> => {
      const work = `churn, ${number(atOnce)} at once`
      const goal = { work, metric: "exchanges/s", subject: "reactor" }
      return [
        { ...goal, against: "node:net", atLeast: 0.9 },
        { ...goal, subject: "reactor, callback", against: "node:net", atLeast: 0.9 },
        { ...goal, against: "Effect NodeSocket", atLeast: 2 },
        { ...goal, against: "Twisted", atLeast: 2 },
        { work, metric: "loop delay p99, ms", subject: "reactor", against: "node:net", atMost: 1.2 }
      ]
    }),
    ...sizes.flatMap((atOnce): ReadonlyArray<Bench.Goal> => {
      const work = `kept, ${number(atOnce)} at once`
      const goal = { work, metric: "exchanges/s", subject: "reactor" }
      const callback = { ...goal, subject: "reactor, callback" }
      return [
        { ...goal, against: "node:net onread", atLeast: 0.9 },
        { ...goal, against: "node:net", atLeast: 1 },
        { ...callback, against: "node:net onread", atLeast: 0.9 },
        { ...callback, against: "node:net", atLeast: 1 },
        { work, metric: "loop delay p99, ms", subject: "reactor", against: "node:net", atMost: 1.2 }
      ]
    }),
    ...["reactor", "reactor, Connection"].flatMap((subject): ReadonlyArray<Bench.Goal> => {
      const goal = { work: "10,000 connections at once", subject, against: "node:net" }
      return [
        // What the machine has to give, not what the collector counts.
        { ...goal, metric: "resident per connection, octets", atMost: 1.25 },
        { ...goal, metric: "heap and external per connection, octets", atMost: 1.25 },
        { ...goal, metric: "loop delay p99, ms", atMost: 1.2 }
      ]
    }),
    {
      work: "HTTP/1.1 kept, 100 at once",
      metric: "requests/s",
      subject: "reactor pool",
      against: "undici.dispatch",
      atLeast: 1
    },
    { work: "10,000 connections at once", metric: "connections", subject: "reactor", against: "node:net", atLeast: 1 }
  ]
})
