import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Path from "node:path"
import * as Lab from "#demo/lab/Lab"
import type * as Plan from "#demo/lab/Plan"
import * as SshServer from "#demo/lab/SshServer"
import { Inspect } from "#demo/inspect/Inspect"
import type { Inspected, Protocol } from "#demo/inspect/Inspected"
import * as Key from "#demo/inspect/sshKey"
import * as strategies from "#demo/strategies"
import { aNetwork } from "./support/network.ts"
import { folder } from "./support/folder.ts"

const timeout = 5_000

/** One inspection by a strategy; an error is its reason and stage. */
const inspectBy = (strategy: "reactor" | "threads", task: ConstructorParameters<typeof Inspect>[0]) =>
  Effect.scoped(
    Effect.flatMap(strategies.make({ executor: [strategy] }), (executor) =>
      executor.run(new Inspect(task)).pipe(
        Effect.catchTag("ExchangeError", ({ reason, stage }) => Effect.succeed(`${reason} at ${stage}` as const)),
        Effect.orDie
      )
    )
  )

/** The same by the loop and by a thread; it must be the same. */
const inspect = Effect.fnUntraced(function* (task: ConstructorParameters<typeof Inspect>[0]) {
  const onLoop = yield* inspectBy("reactor", task)
  assert.deepStrictEqual(yield* inspectBy("threads", task), onLoop)
  return onLoop
})

const found = (inspected: Inspected | string): Inspected =>
  typeof inspected === "string" ? assert.fail(`inspected: ${inspected}`) : inspected

/** A peer that does this with every connection. */
const peer = (serve: (socket: Net.Socket) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
      const sockets = new Set<Net.Socket>()
      const server = Net.createServer((socket) => {
        sockets.add(socket)
        socket.on("error", () => {})
        serve(socket)
      })
      server.listen(0, "127.0.0.1", () =>
        resume(
          Effect.succeed({
            port: (server.address() as Net.AddressInfo).port,
            close: () => {
              for (const socket of sockets) socket.destroy()
              server.close()
            }
          })
        )
      )
    }),
    ({ close }) => Effect.sync(close)
  )

const at = (port: number, protocol: Protocol) => ({ address: "127.0.0.1", port, protocol, timeout })

/** A lab with a host for each flaw: its certificates are what is looked at. */
const aLab = Lab.make({ network: aNetwork(), hosts: 150, broken: 0, seed: 5 })

const service = (plan: Plan.Plan, protocol: "https" | "smtp" | "ssh", is: (service: Plan.Service) => boolean) => {
  for (const host of plan.hosts) {
    const service = host.services.find((service) => service.protocol === protocol && is(service))
    if (service !== undefined) return { host, port: service.port, service }
  }
  return assert.fail(`the lab has no such ${protocol}`)
}

describe("an inspection", () => {
  it.live(
    "of https finds the version, the certificate with its names, issuer and end, the status and the title",
    () =>
      Effect.gen(function* () {
        const { authority, plan } = yield* aLab
        const {
          host,
          port,
          service: said
        } = service(plan, "https", ({ certificate }) => certificate?.flaw === undefined)
        const task = { address: host.ipv4, port, serverName: host.name, timeout, ca: authority.cert }
        const { says, title, tls } = found(yield* inspect({ ...task, protocol: "https" }))
        assert.strictEqual(says, said.text)
        assert.strictEqual(title, host.name)
        assert.strictEqual(tls?.version, "TLSv1.3")
        assert.isTrue(tls?.trusted)
        const certificate = tls.certificate
        assert.deepStrictEqual(certificate.names, [host.name])
        assert.strictEqual(certificate.issuer, "Lab Authority 5")
        assert.isTrue(certificate.namesHost)
        assert.isFalse(certificate.selfSigned)
        const days = (Date.parse(certificate.notAfter) - Math.floor(Date.now() / 86_400_000) * 86_400_000) / 86_400_000
        assert.strictEqual(days, said.certificate!.daysLeft)
        // Without the lab's authority nobody has vouched for it.
        const { ca: _, ...others } = task
        assert.isFalse(found(yield* inspect({ ...others, protocol: "tls" })).tls?.trusted)
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "tells certificates that have ended, are for another name, or are their own issuer, and TLS 1.1",
    () =>
      Effect.gen(function* () {
        const { authority, plan } = yield* aLab
        const tlsOf = Effect.fnUntraced(function* (flaw: NonNullable<Plan.Certificate["flaw"]>) {
          const { host, port } = service(plan, "https", ({ certificate }) => certificate?.flaw === flaw)
          const task = { address: host.ipv4, port, serverName: host.name, timeout, ca: authority.cert }
          return found(yield* inspect({ ...task, protocol: "tls" })).tls ?? assert.fail(`${flaw}: no TLS`)
        })
        const expired = yield* tlsOf("expired")
        assert.isBelow(Date.parse(expired.certificate.notAfter), Date.now())
        assert.isTrue(expired.trusted, "an authority that is trusted has signed it, once")
        const other = yield* tlsOf("wrong-name")
        assert.isFalse(other.certificate.namesHost)
        const own = yield* tlsOf("self-signed")
        assert.isTrue(own.certificate.selfSigned)
        assert.isFalse(own.trusted)
        assert.strictEqual((yield* tlsOf("old-version")).version, "TLSv1.1")
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "of smtp keeps the greeting and finds the certificate behind STARTTLS",
    () =>
      Effect.gen(function* () {
        const { authority, plan } = yield* aLab
        const {
          host,
          port,
          service: said
        } = service(plan, "smtp", ({ certificate }) => certificate?.flaw === undefined)
        const task = { address: host.ipv4, port, serverName: host.name, timeout, ca: authority.cert }
        const { says, tls } = found(yield* inspect({ ...task, protocol: "smtp" }))
        assert.strictEqual(says, said.text)
        assert.deepStrictEqual(tls?.certificate.names, [host.name])
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "of smtp without STARTTLS, or with words put in before the handshake, keeps the greeting and says why",
    () =>
      Effect.gen(function* () {
        const none = yield* peer((socket) => {
          socket.write("220-a\r\n220 b\r\n")
          socket.on("data", () => socket.write("250-a\r\n250 PIPELINING\r\n"))
        })
        assert.deepStrictEqual(yield* inspect(at(none.port, "smtp")), { says: "220-a", missing: "no-starttls" })
        const heard: Array<string> = []
        const between = yield* peer((socket) => {
          socket.write("220 a\r\n")
          socket.on("data", (octets) => {
            heard.push(octets.toString().split(/[ \r]/)[0]!)
            socket.write(heard.at(-1) === "EHLO" ? "250 STARTTLS\r\n" : "220 go\r\n250 put in between\r\n")
          })
        })
        assert.deepStrictEqual(yield* inspect(at(between.port, "smtp")), { says: "220 a", missing: "no-tls" })
        // No handshake was begun, by either of the two.
        assert.deepStrictEqual(heard, ["EHLO", "STARTTLS", "EHLO", "STARTTLS"])
      }).pipe(Effect.scoped),
    60_000
  )

  for (const [protocol, greeting, asked, agreed] of [
    ["imap", "* OK ready", "a STARTTLS\r\n", "* NOTE\r\na OK begin\r\n"],
    ["pop3", "+OK ready", "STLS\r\n", "+OK begin\r\n"]
  ] as const) {
    it.live(
      `of ${protocol} asks for TLS in that protocol's words`,
      () =>
        Effect.gen(function* () {
          const heard: Array<string> = []
          const mail = yield* peer((socket) => {
            socket.write(`${greeting}\r\n`)
            socket.once("data", (octets) => {
              heard.push(octets.toString())
              socket.write(agreed)
              // What comes now is the first octet of a handshake record (RFC 8446 section 5.1).
              socket.once("data", (octets) => {
                heard.push(String(octets[0]))
                socket.destroy()
              })
            })
          })
          const inspected = found(yield* inspect(at(mail.port, protocol)))
          assert.strictEqual(inspected.says, greeting)
          assert.deepStrictEqual(heard, [asked, "22", asked, "22"])
        }).pipe(Effect.scoped),
      60_000
    )
  }

  it.live(
    "of ssh exchanges keys for real, so that the fingerprint is that of the key which the host has",
    () =>
      Effect.gen(function* () {
        const { plan } = yield* aLab
        for (const type of ["ssh-ed25519", "ecdsa-sha2-nistp256"] as const) {
          const { host, port, service: said } = service(plan, "ssh", ({ hostKey }) => hostKey === type)
          const { hostKey, says } = found(yield* inspect({ address: host.ipv4, port, protocol: "ssh", timeout }))
          const { blob } = SshServer.hostKey(plan.seed, host.name, type)
          assert.strictEqual(says, said.text)
          assert.deepStrictEqual(hostKey, { type, bits: 256, fingerprint: Key.fingerprint(blob) })
        }
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "of ssh does not believe a host that shows the key of another",
    () =>
      Effect.gen(function* () {
        const own = SshServer.hostKey(1, "own", "ssh-ed25519")
        const other = SshServer.hostKey(1, "other", "ssh-ed25519")
        const liar = yield* peer((socket) => {
          socket.write("SSH-2.0-liar\r\n")
          SshServer.serve(socket, "SSH-2.0-liar", { ...own, blob: other.blob })
        })
        assert.deepStrictEqual(yield* inspect(at(liar.port, "ssh")), { says: "SSH-2.0-liar", missing: "bad-signature" })
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "of what speaks something else says what it said, or why it said nothing",
    () =>
      Effect.gen(function* () {
        const talker = yield* peer((socket) => socket.end("hello\r\n"))
        assert.deepStrictEqual(yield* inspect(at(talker.port, "ssh")), { says: "hello", missing: "no-ssh" })
        assert.strictEqual(yield* inspect(at(talker.port, "https")), "Unknown at tls")
        const garbage = yield* peer((socket) =>
          socket.write(Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), Buffer.alloc(64, 255)]))
        )
        assert.deepStrictEqual(yield* inspect(at(garbage.port, "ssh")), { says: "SSH-2.0-x", missing: "no-ssh" })
        const endless = yield* peer((socket) => {
          const line = Buffer.alloc(65_536, "x")
          const go = () => void socket.write(line)
          socket.on("drain", go)
          go()
        })
        assert.strictEqual(yield* inspect(at(endless.port, "ssh")), "TooLong at receive")
        const silent = yield* peer((socket) => socket.resume())
        assert.strictEqual(yield* inspect({ ...at(silent.port, "smtp"), timeout: 100 }), "Timeout at receive")
        assert.strictEqual(yield* inspect({ ...at(silent.port, "tls"), timeout: 100 }), "Timeout at tls")
        silent.close()
        assert.strictEqual(yield* inspect(at(silent.port, "ssh")), "Refused at connect")
      }).pipe(Effect.scoped),
    60_000
  )
})

/** Where Debian puts it, or where `HANDOFF_SSHD` says. */
const sshd = [process.env["HANDOFF_SSHD"] ?? "", "/usr/sbin/sshd"].find((file) => file !== "" && Fs.existsSync(file))
const keygen = ChildProcess.spawnSync("ssh-keygen", ["-?"]).error === undefined
const keyscan = ChildProcess.spawnSync("ssh-keyscan", ["-?"]).error === undefined

describe("the real thing", () => {
  if (sshd === undefined || !keygen) console.log("skipped: no sshd here to be inspected (openssh-server)")
  it.live.skipIf(sshd === undefined || !keygen)(
    "OpenSSH's server shows us the key that it has, of every kind and by every method that we speak",
    () =>
      Effect.gen(function* () {
        const inside = yield* folder
        for (const [kind, bits, methods] of [
          ["ed25519", 256, "curve25519-sha256,ecdh-sha2-nistp256"],
          ["ed25519", 256, "ecdh-sha2-nistp384"],
          ["ecdsa", 256, "ecdh-sha2-nistp521"],
          ["ecdsa", 384, "diffie-hellman-group14-sha256"],
          ["ecdsa", 521, "ecdh-sha2-nistp256"],
          ["rsa", 2048, "diffie-hellman-group16-sha512"],
          ["rsa", 3072, "curve25519-sha256@libssh.org"]
        ] as const) {
          const file = Path.join(inside, `${kind}-${bits}-${methods.length}`)
          ChildProcess.execFileSync("ssh-keygen", ["-q", "-t", kind, "-b", String(bits), "-N", "", "-f", file])
          const [, fingerprint] = ChildProcess.execFileSync("ssh-keygen", ["-l", "-f", file], {
            encoding: "utf8"
          }).split(" ")
          // It speaks on its stdin and stdout (`-i`), so each connection is given one of its own.
          const server = yield* peer((socket) => {
            const options = [`HostKey=${file}`, `KexAlgorithms=${methods}`, "StrictModes=no", "UsePAM=no"]
            const args = ["-i", "-e", "-f", "/dev/null", ...options.flatMap((option) => ["-o", option])]
            // As root it would want a user of its own to be there; whoever is nobody needs none.
            const isRoot = process.getuid?.() === 0
            const [command, ...rest] = isRoot
              ? (["unshare", "-U", sshd!, ...args] as const)
              : ([sshd!, ...args] as const)
            const child = ChildProcess.spawn(command, rest, { stdio: ["pipe", "pipe", "ignore"] })
            child.stdin.on("error", () => {})
            child.on("close", () => socket.destroy())
            socket.pipe(child.stdin)
            child.stdout.pipe(socket)
          })
          const { hostKey, missing, says } = found(yield* inspectBy("reactor", at(server.port, "ssh")))
          assert.match(says!, /^SSH-2\.0-OpenSSH/)
          assert.strictEqual(missing, undefined, `${kind} ${bits} by ${methods}`)
          assert.strictEqual(hostKey?.fingerprint, fingerprint)
          assert.strictEqual(hostKey?.bits, bits)
        }
      }).pipe(Effect.scoped),
    60_000
  )

  if (!keyscan) console.log("skipped: no ssh-keyscan here to look at the lab (openssh-client)")
  it.live.skipIf(!keyscan)(
    "ssh-keyscan sees the keys of the lab's hosts",
    () =>
      Effect.gen(function* () {
        const { plan } = yield* aLab
        for (const type of ["ssh-ed25519", "ecdsa-sha2-nistp256"] as const) {
          const { host, port } = service(plan, "ssh", ({ hostKey }) => hostKey === type)
          const args = ["-p", String(port), "-t", type === "ssh-ed25519" ? "ed25519" : "ecdsa", host.ipv4]
          const said = yield* Effect.callback<string>(
            (resume) => void ChildProcess.execFile("ssh-keyscan", args, (_, stdout) => resume(Effect.succeed(stdout)))
          )
          const key = SshServer.hostKey(plan.seed, host.name, type).blob.toString("base64")
          assert.include(said, `[${host.ipv4}]:${port} ${type} ${key}`)
        }
      }).pipe(Effect.scoped),
    60_000
  )
})
