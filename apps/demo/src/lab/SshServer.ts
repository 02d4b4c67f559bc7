/** The lab's SSH: a real exchange of keys (RFC 4253) up to the host's key and the proof that it has it, and no further. */
import type * as Crypto from "node:crypto"
import type * as Net from "node:net"
import * as Dialogue from "../inspect/Dialogue.ts"
import { payload } from "../inspect/ssh.ts"
import * as Key from "../inspect/sshKey.ts"
import * as Wire from "../inspect/sshWire.ts"
import * as Authority from "./Authority.ts"
import type { HostKeyType } from "./Plan.ts"

export interface HostKey {
  readonly type: HostKeyType
  /** As it is shown. */
  readonly blob: Buffer
  readonly privateKey: Crypto.KeyObject
}

/** The key of a host; it follows from the lab's seed. */
export const hostKey = (seed: number, host: string, type: HostKeyType): HostKey => {
  const octets = Authority.material(seed, `host key of ${host}`)
  if (type === "ssh-ed25519") {
    const { privateKey, publicKey } = Authority.ed25519(octets)
    const raw = (publicKey.export({ format: "der", type: "spki" }) as Buffer).subarray(-32)
    return { type, privateKey, blob: Buffer.concat([Wire.string(type), Wire.string(raw)]) }
  }
  const { privateKey, publicKey } = Authority.p256(octets)
  const { x = "", y = "" } = publicKey.export({ format: "jwk" })
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")])
  return { type, privateKey, blob: Buffer.concat([type, "nistp256", point].map(Wire.string)) }
}

/** Serves one connection after the version has been said. */
export const serve = (socket: Net.Socket, version: string, key: HostKey): void => {
  const dialogue = converse(version, key)
  const ear: Array<Uint8Array> = []
  let isHearing = false
  const go = (answer?: unknown): void => {
    try {
      for (let next = dialogue.next(answer); ; next = dialogue.next(answer)) {
        if (next.done === true) return void socket.end()
        answer = undefined
        if (next.value._tag === "Say") socket.write(next.value.octets)
        else if (ear.length > 0) answer = ear.shift()
        else return void (isHearing = true)
      }
    } catch {
      // Whoever does not speak SSH is not listened to.
      socket.destroy()
    }
  }
  socket.on("data", (octets) => {
    ear.push(octets)
    if (!isHearing) return
    isHearing = false
    go(ear.shift())
  })
  socket.on("end", () => socket.end())
  go()
}

const methods = [
  "curve25519-sha256",
  "curve25519-sha256@libssh.org",
  "ecdh-sha2-nistp256",
  "diffie-hellman-group14-sha256"
]

function* converse(serverVersion: string, key: HostKey): Dialogue.Dialogue<void> {
  const ear = new Dialogue.Ear()
  const serverInit = Wire.kexInit({ kex: methods, hostKeys: [key.type] })
  yield* Dialogue.say(Wire.packet(serverInit))
  const clientVersion = yield* ear.line()
  if (!clientVersion.startsWith("SSH-2.0-")) return
  const clientInit = yield* payload(ear, Wire.message.kexInit)
  const theirs = Wire.readOffer(clientInit)
  const method = Wire.agree(theirs.kex, methods)
  if (method === undefined || !theirs.hostKeys.includes(key.type)) return
  const half = Wire.exchanges[method]!()
  const shown = new Wire.Reader(yield* payload(ear, Wire.message.kexdhInit), 1).string()
  const hash = Wire.exchangeHash({
    hash: half.hash,
    clientVersion,
    serverVersion,
    clientInit,
    serverInit,
    hostKey: key.blob,
    clientShown: half.written(shown),
    serverShown: half.shown,
    secret: half.secret(shown)
  })
  const signature = Buffer.concat([Wire.string(key.type), Wire.string(Key.sign(key.type, hash, key.privateKey))])
  const reply = Buffer.concat([
    Buffer.of(Wire.message.kexdhReply),
    Wire.string(key.blob),
    half.shown,
    Wire.string(signature)
  ])
  yield* Dialogue.say(Buffer.concat([Wire.packet(reply), Wire.packet(Buffer.of(Wire.message.newKeys))]))
  // What comes now would be encrypted.
  yield { _tag: "Hear" }
}
