/** Ports that a test cannot choose: whether they are free, looked at first. */
import { createSocket } from "node:dgram"
import { createServer } from "node:net"

/** Why a port of these addresses cannot be listened at, over UDP and TCP; undefined when it can. */
export const whyNot = async (port: number, addresses: ReadonlyArray<string>): Promise<string | undefined> => {
  for (const address of addresses) {
    const reason = (await tryDatagrams(port, address)) ?? (await tryStreams(port, address))
    if (reason !== undefined) return `port ${port} of ${address} cannot be had: ${reason}`
  }
  return undefined
}

const tryDatagrams = (port: number, address: string) =>
  new Promise<string | undefined>((resolve) => {
    const socket = createSocket("udp4")
    socket.on("error", (error) => {
      socket.close()
      resolve(error.message)
    })
    socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(undefined)))
  })

const tryStreams = (port: number, address: string) =>
  new Promise<string | undefined>((resolve) => {
    const server = createServer()
    server.on("error", (error) => resolve(error.message))
    server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
