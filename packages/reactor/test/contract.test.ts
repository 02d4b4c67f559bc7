/** The reactor keeps the contract of an executor, with exchanges for tasks. */
import { Exchange, Task } from "@handoff/core"
import { Reactor } from "@handoff/reactor"
import { contract } from "@handoff/testing"
import { afterAll, beforeAll } from "@effect/vitest"
import * as net from "node:net"
import { loopback, octets } from "./support/peers.ts"

// One echoing peer, and a silent one, for all tests. Their ports are fixed before the samples are asked for.
const echo = net.createServer((socket) => {
  socket.on("error", () => {})
  socket.pipe(socket)
})
const silent = net.createServer((socket) => {
  socket.on("error", () => {})
  socket.resume()
})
const listen = (server: net.Server): Promise<void> =>
  new Promise((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }, resolve))
const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port

beforeAll(async () => {
  await Promise.all([listen(echo), listen(silent)])
})
afterAll(async () => {
  await Promise.all([echo, silent].map((server) => new Promise((resolve) => server.close(resolve))))
})

class Unknown extends Task.make("Unknown", { payload: {} }) {}

const exchange = (port: number, request: string, maxOctets = 65_536): Exchange =>
  new Exchange({
    transport: "tcp",
    peer: loopback(port),
    request: octets(request),
    until: { _tag: "Delimiter", delimiter: octets("\n") },
    maxOctets,
    idleTimeout: 600_000
  })

const samples = {
  succeed: (index: number) => ({
    task: exchange(portOf(echo), `task ${index}\n`),
    value: { octets: octets(`task ${index}\n`), peer: `127.0.0.1:${portOf(echo)}`, end: "complete" }
  }),
  fail: (index: number) => ({ task: exchange(portOf(echo), `task ${index}\n`, 3), failure: "ExchangeError" }),
  never: (index: number) => exchange(portOf(silent), `task ${index}\n`),
  unsupported: new Unknown()
}

contract("reactor", Reactor.make({ drain: 50 }), samples)
contract("reactor with kept connections", Reactor.make({ drain: 50, keep: {} }), samples)
