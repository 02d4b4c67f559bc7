/**
 * A name server that has a name for every address, after so many milliseconds: `node reverseServer.ts <address> <port>
 * <milliseconds>`. It copies the question and points at it, and decodes nothing, so that the server is not what is
 * measured. Says "ready" on stdout.
 */
import * as Dgram from "node:dgram"

const [, , address, port, milliseconds] = process.argv
const socket = Dgram.createSocket({
  type: "udp4",
  recvBufferSize: 16 * 1_024 * 1_024,
  sendBufferSize: 4 * 1_024 * 1_024
})

/** The name of an address is `host.` before its reverse name, and that name leads back to the address. */
const answer = (query: Buffer): Buffer | undefined => {
  const labels: Array<number> = []
  let end = 12
  while (query[end] !== undefined && query[end] !== 0) {
    labels.push(end)
    end += query[end]! + 1
  }
  end += 5
  if (end > query.length || query.readUInt16BE(4) !== 1) return undefined
  const type = query.readUInt16BE(end - 4)
  // A pointer to the question's name, the type, class IN, a day, and the length of what follows.
  const data =
    type === 12
      ? [4, 0x68, 0x6f, 0x73, 0x74, 0xc0, 12]
      : type === 1 && labels.length === 7
        ? labels
            .slice(1, 5)
            .map((at) => Number(query.toString("latin1", at + 1, at + 1 + query[at]!)))
            .toReversed()
        : undefined
  const reply = Buffer.alloc(end + (data === undefined ? 0 : 12 + data.length))
  query.copy(reply, 0, 0, end)
  reply[2] = 0x84 | (query[2]! & 1)
  reply[3] = 0x80
  reply.writeUInt16BE(data === undefined ? 0 : 1, 6)
  reply.writeUInt32BE(0, 8)
  if (data !== undefined) reply.set([0xc0, 12, 0, type, 0, 1, 0, 1, 0x51, 0x80, 0, data.length, ...data], end)
  return reply
}

socket.on("message", (query, peer) => {
  const reply = answer(query)
  if (reply !== undefined) setTimeout(() => socket.send(reply, peer.port, peer.address), Number(milliseconds))
})
socket.bind({ address: address!, port: Number(port) }, () => process.stdout.write("ready\n"))
// It goes with whoever started it.
process.stdin.on("end", () => process.exit()).resume()
