/**
 * DNSSEC: how fast record sets are validated and zones signed, beside dnspython and Unbound, and what hostile zones cost.
 *
 * A signature that is seen for the first time is cryptography and little else: `node:crypto` and dnspython's `cryptography`
 * share OpenSSL, and a signature there costs what it costs. The subject `node:crypto, nothing else` is that cost: the same octets
 * and signatures, with nothing read, chosen or compared. No one on one processor can be quicker than it. The rows that say
 * "remembered" are something else: there a signature that was found to hold, or that was made, is not computed again, which is
 * what a resolver or a signer does all day and dnspython does not do at all.
 *
 * Unbound is measured by `dnsperf` on names that it has not in its cache, asking our server: its figure has resolving in it and is
 * there to be read, not to be compared.
 */
import { execFile, execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Bench } from "@handoff/bench"
import {
  Algorithm,
  Budget,
  checkSigned,
  Dnskey,
  forgetSignatures,
  Rrsig,
  Signer,
  SigningKey,
  sign,
  signSync,
  TrustAnchors,
  Validator,
  verify,
  verifyOnPool
} from "@handoff/dns/dnssec"
import { Cookies, handle, type Policy, Server } from "@handoff/dns/server"
import { Sig0, Tsig, TsigKey, Update } from "@handoff/dns/update"
import { Edns, Framing, Message, Name, Question, RecordText, ResourceRecord, Type } from "@handoff/dns/wire"
import { edit, RRset, text, types, Zone, ZoneStore } from "@handoff/dns/zone"
import * as Effect from "effect/Effect"
import { spawnTied } from "../test/support/tied.ts"

/** Names of the zone that is signed and validated. */
const names = (quick: boolean) => (quick ? 100 : 1_000)
const origin = Name.fromText("lab.example.")
const now = () => Math.floor(Date.now() / 1_000)
const source = (count: number) =>
  `$TTL 300\n@ SOA ns1 hostmaster 7 7200 900 1209600 60\n@ NS ns1\nns1 A 192.0.2.53\n$GENERATE 1-${count} n$ A 192.0.2.1\n`
const plain = (quick: boolean) => text.zone("lab.example.", source(names(quick)))

const program = fileURLToPath(new URL("support/trust.py", import.meta.url))

/** A Python that has dnspython with signing (2.3), and `cryptography`; undefined when none here has. */
const python = (): string | undefined =>
  ["python3", "/usr/bin/python3"].find((candidate) => {
    try {
      execFileSync(candidate, ["-c", "import dns.dnssec, cryptography; dns.dnssec.sign"], { stdio: "ignore" })
      return true
    } catch {
      return false
    }
  })

const dnspython = (work: string, file: "rsa" | "ecdsa" | "plain" | "answers"): Bench.SubjectOptions => ({
  absent: () => (python() === undefined ? "no Python here has dnspython 2.3 or later and cryptography" : undefined),
  run: async (context) => {
    const figures = await new Promise<string>((resolve, reject) => {
      const args = [program, work, context.environment[file]!, String(context.seconds), context.environment["ecdsa"]!]
      execFile(python()!, args, (error, stdout) => (error === null ? resolve(stdout) : reject(error)))
    })
    const parsed = JSON.parse(figures) as Record<string, number>
    context.check(
      Object.values(parsed).every((figure) => figure > 0),
      "dnspython validates and signs"
    )
    return parsed
  }
})

/** The sets of a signed zone, with their signatures and the zone's keys. */
const signedSets = (path: string) => {
  const zone = text.zone("lab.example.", readFileSync(path, "utf8"))
  const keys = zone.apex.sets.get(types.DNSKEY)!.rdatas.map((rdata) => Dnskey.read(rdata)!)
  const sets = [...zone.nodes.values()].flatMap((node) =>
    [...node.sets.values()].map((set) => ({
      set,
      signatures: (node.signatures.get(set.type) ?? []).map((record) => Rrsig.read(ResourceRecord.dataOctets(record))!)
    }))
  )
  return { zone, keys, sets: sets.filter(({ signatures }) => signatures.length > 0) }
}

const validate =
  (file: "rsa" | "ecdsa", again: boolean): Bench.Run =>
  async (context) => {
    const { zone, keys, sets } = signedSets(context.environment[file]!)
    let next = 0
    const one = () => {
      const { set, signatures } = sets[next]!
      if (++next === sets.length) {
        next = 0
        if (!again) forgetSignatures()
      }
      return verify(set, signatures, { zone: zone.origin, keys, now: now(), budget: new Budget() })
    }
    context.check(sets.length > 2 * names(context.quick), "every set of the zone is signed")
    context.check("key" in one(), "a right signature holds")
    const wrong = [
      {
        ...sets[0]!.signatures[0]!,
        signature: sets[0]!.signatures[0]!.signature.with(9, sets[0]!.signatures[0]!.signature[9]! ^ 1)
      }
    ]
    context.check(
      !("key" in verify(sets[0]!.set, wrong, { zone: zone.origin, keys, now: now(), budget: new Budget() })),
      "a wrong one does not"
    )
    if (again) for (let i = 0; i < sets.length; i++) one()
    return { "sets/s": await context.rate(() => void one()) }
  }

/** The same, many at once on the threads of libuv's pool: what a resolver under load does. */
const validateAtOnce =
  (file: "rsa" | "ecdsa"): Bench.Run =>
  async (context) => {
    const { zone, keys, sets } = signedSets(context.environment[file]!)
    const perStep = 512
    let next = 0
    const one = Effect.suspend(() => {
      const { set, signatures } = sets[next]!
      if (++next === sets.length) {
        next = 0
        forgetSignatures()
      }
      return verifyOnPool(set, signatures, { zone: zone.origin, keys, now: now(), budget: new Budget() })
    })
    const step = Effect.forEach(Array.from({ length: perStep }), () => one, { concurrency: 256 })
    context.check(
      (await Effect.runPromise(step)).every((verified) => "key" in verified),
      "right signatures hold"
    )
    return { "sets/s": await context.rate(async () => void (await Effect.runPromise(step)), { perStep }) }
  }

/** The signatures of the same sets and nothing else: what OpenSSL costs by way of Node. */
const bareValidate =
  (file: "rsa" | "ecdsa"): Bench.Run =>
  async (context) => {
    const { keys, sets } = signedSets(context.environment[file]!)
    const { algorithm, publicKey } = keys[0]!
    const key = Algorithm.publicKey(algorithm, publicKey)!
    const ready = sets.map(({ set, signatures: [rrsig] }) => ({
      octets: Rrsig.signedOctets({ ...rrsig!, owner: set.name, type: set.type, class: 1, rdatas: set.rdatas }),
      signature: rrsig!.signature
    }))
    context.check(
      ready.every(({ octets, signature }) => Algorithm.verify(algorithm, key, octets, signature)),
      "every signature holds"
    )
    let next = 0
    return {
      "sets/s": await context.rate(() => {
        const { octets, signature } = ready[next]!
        if (++next === ready.length) next = 0
        Algorithm.verify(algorithm, key, octets, signature)
      })
    }
  }

/** As many signatures as the zone gets, over octets of that length, one after the other. */
const bareSign: Bench.Run = async (context) => {
  const key = SigningKey.generate()
  const signed = signSync(plain(context.quick), { keys: [key], now: now() })
  let count = 0
  for (const node of signed.nodes.values()) for (const list of node.signatures.values()) count += list.length
  const octets = new Uint8Array(90)
  context.check(count > 2 * names(context.quick), "two sets of each name are signed")
  return {
    "zones/s": await context.rate(() => {
      for (let i = 0; i < count; i++) Algorithm.sign(key.dnskey.algorithm, key.privateKey, octets)
    })
  }
}

/** All signatures of a zone and its denials, on every processor. */
const validateWhole =
  (file: "rsa" | "ecdsa"): Bench.Run =>
  async (context) => {
    const { zone, sets } = signedSets(context.environment[file]!)
    const check = () => Effect.runPromise(checkSigned(zone))
    context.check((await check()).length === 0, "nothing is wrong with the zone")
    const { zone: changed } = edit(zone, (transaction) => transaction.removeAll(Name.fromText("n50.lab.example.")))
    context.check((await Effect.runPromise(checkSigned(changed))).length > 0, "a change is found")
    const perStep = sets.length
    return { "sets/s": await context.rate(async () => void (await check()), { perStep }) }
  }

const policyOf = (zones: ReadonlyArray<Zone.Zone>): Policy => ({
  zones: new ZoneStore(zones),
  keys: [],
  sig0Keys: [],
  allowTransfer: () => false,
  allowUpdate: () => false,
  onNotify: () => false,
  afterUpdate: (zone) => zone,
  rateLimit: undefined,
  udpPayloadOctets: 1_232,
  // A validator's bomb has to be thrown.
  nsec3Iterations: 65_535,
  identity: undefined
})

/** A validator over zones in memory, and the answers of those. */
const judge = (zones: ReadonlyArray<Zone.Zone>, key: Dnskey.Dnskey) => {
  const policy = policyOf(zones)
  const answer = (question: Question.Question) => {
    const query = Message.query(question, { id: 1, edns: Edns.make({ dnssecOk: true }) })
    const [octets] = handle(policy, Message.encode(query), { transport: "tcp", address: "", port: 0 }, 0)
    return Message.decodeUnsafe(octets!)
  }
  const rdata = Dnskey.dsRdata(origin, key)
  const anchors = new TrustAnchors([RRset.recordOf({ name: origin, type: types.DS, ttl: 300, rdata })])
  const fetch = (name: Name.Name, type: number) =>
    Effect.sync(() => answer(Question.make(name, Type.nameOf(type) as Question.QuestionType)))
  const validator = new Validator({ anchors, fetch })
  return {
    answer,
    judge: (question: Question.Question, message: Message.Message) => validator.validate(question, message)
  }
}

/** The processor's milliseconds that one answer costs, at worst, over the questions. */
const worst = async (
  judged: ReturnType<typeof judge>,
  questions: ReadonlyArray<Question.Question>
): Promise<{ readonly milliseconds: number; readonly statuses: ReadonlyArray<string> }> => {
  let milliseconds = 0
  const statuses: Array<string> = []
  for (const question of questions) {
    const message = judged.answer(question)
    const start = process.cpuUsage()
    statuses.push((await Effect.runPromise(judged.judge(question, message))).status)
    const { user, system } = process.cpuUsage(start)
    milliseconds = Math.max(milliseconds, (user + system) / 1_000)
  }
  return { milliseconds, statuses }
}

/** As many keys with the same tag as wanted: swapping two 16 bit words of a key keeps its tag. */
const twins = (key: SigningKey.SigningKey, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const rdata = Uint8Array.from(key.dnskey.rdata)
    const [a, b] = [4 + 2 * (i % 16), 38 + 2 * Math.floor(i / 16)]
    rdata.set(key.dnskey.rdata.subarray(a, a + 2), b)
    rdata.set(key.dnskey.rdata.subarray(b, b + 2), a)
    return RRset.recordOf({ name: origin, type: types.DNSKEY, ttl: 300, rdata })
  })

const keyTrap: Bench.Run = async (context) => {
  const key = SigningKey.generate({ algorithm: Algorithm.ECDSAP384SHA384 })
  const signed = signSync(text.zone("lab.example.", source(10)), { keys: [key], now: now() })
  const forged = [...signed.nodes.values()].flatMap((node) =>
    [...node.signatures.values()].flatMap((records) =>
      Array.from({ length: 150 }, (_, i) => {
        const rdata = Uint8Array.from(ResourceRecord.dataOctets(records[0]!))
        rdata[rdata.length - 1 - (i % 90)]! ^= 1 + i
        return RRset.recordOf({ name: records[0]!.name, type: types.RRSIG, ttl: 300, rdata })
      })
    )
  )
  const rest = [...signed.records()].filter(({ type }) => type !== "RRSIG")
  const trap = Zone.make([...rest, ...twins(key, 90), ...forged])
  const { milliseconds, statuses } = await worst(judge([trap], key.dnskey), [
    Question.make("n1.lab.example.", "A"),
    Question.make("nope.lab.example.", "A")
  ])
  context.check(
    statuses.every((status) => status === "bogus"),
    "90 keys with one tag and 150 signatures a set are bogus"
  )
  return { "worst answer, ms": milliseconds }
}

const bomb: Bench.Run = async (context) => {
  const key = SigningKey.generate()
  const figures: Array<number> = []
  for (const iterations of [150, 2_500, 65_535]) {
    const signed = signSync(text.zone("lab.example.", source(3)), {
      keys: [key],
      now: now(),
      denial: "nsec3",
      nsec3: { iterations }
    })
    const deep = Question.make(`${"a.".repeat(110)}lab.example.`, "A")
    const { milliseconds, statuses } = await worst(judge([signed], key.dnskey), [
      deep,
      Question.make("x.lab.example.", "A")
    ])
    context.check(
      !statuses.includes("secure") || iterations === 150,
      `${iterations} iterations are not taken as secure`
    )
    figures.push(milliseconds)
  }
  return { "worst answer, ms": Math.max(...figures) }
}

/**
 * Requests of every kind, broken in every way, to a server that holds many keys, and zones with as many iterations of NSEC3 as it makes
 * denials for, and with as many as there can be.
 */
const broken: Bench.Run = (context) => {
  const key = SigningKey.generate()
  const options = { keys: [key], now: now(), denial: "nsec3", nsec3: { iterations: 150 } } as const
  const zone = signSync(text.zone("lab.example.", source(200)), options)
  const bombs = signSync(text.zone("bomb.example.", source(3)), {
    ...options,
    nsec3: { iterations: 65_535, optOut: true }
  })
  const tsig = TsigKey.make({ name: "k.", secret: new Uint8Array(32) })
  const signer = new Signer(options)
  const policy: Policy = {
    ...policyOf([zone, bombs]),
    nsec3Iterations: undefined,
    keys: [tsig],
    sig0Keys: Array.from({ length: 50 }, () => ({ name: origin, rdata: key.dnskey.rdata })),
    allowTransfer: () => true,
    allowUpdate: () => true,
    onNotify: () => true,
    afterUpdate: signer.resign,
    cookies: new Cookies([new Uint8Array(16)])
  }
  const deep = Question.make(`${"a.".repeat(110)}lab.example.`, "A")
  const deepBomb = Question.make(`${"a.".repeat(110)}bomb.example.`, "DS")
  const edns = Edns.make({ dnssecOk: true })
  const update = Update.add(
    Update.make(origin),
    ResourceRecord.make({ name: "new.lab.example.", type: "A", ttl: 300, data: { address: "192.0.2.9" } })
  )
  const seeds = [
    Message.encode(Message.query(deep, { id: 1, edns })),
    Message.encode(Message.query(deepBomb, { id: 1, edns })),
    Message.encode(Message.query(Question.make("lab.example.", "IXFR"), { id: 1 })),
    Message.encode(Update.toMessage(update, 1)),
    Tsig.sign(Message.encode(Message.query(deep, { id: 1 })), tsig, { time: now() }).octets,
    Sig0.sign(Message.encode(Message.query(deep, { id: 1 })), {
      signer: origin,
      rdata: key.dnskey.rdata,
      privateKey: key.privateKey,
      time: now()
    })
  ]
  let seed = 3
  const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) % below
  const requests = Array.from({ length: context.quick ? 2_000 : 10_000 }, (_, i) => {
    const whole = seeds[i % seeds.length]!
    const octets = new Uint8Array(whole.length + random(40))
    octets.set(whole)
    // The first of each kind is as it was: it must be bounded, too.
    if (i >= seeds.length) for (let n = random(6); n >= 0; n--) octets[random(octets.length)] = random(256)
    return octets
  })
  let milliseconds = 0
  let answered = 0
  for (const octets of requests) {
    const start = process.cpuUsage()
    for (const response of handle(policy, octets, { transport: "tcp", address: "192.0.2.1", port: 1 }, Date.now())) {
      if (!(Message.decode(response) instanceof Error)) answered++
    }
    const { user, system } = process.cpuUsage(start)
    milliseconds = Math.max(milliseconds, (user + system) / 1_000)
  }
  context.check(answered > requests.length / 2, "most get an answer that decodes")
  return Promise.resolve({ "worst answer, ms": milliseconds })
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

const has = (name: string): boolean => {
  try {
    execFileSync("/bin/sh", ["-c", `PATH="$PATH:/usr/sbin" command -v ${name}`], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

/** Answers a second that Unbound validates, of names it has not seen, over a server of ours in this process. */
const unbound: Bench.SubjectOptions = {
  absent: () =>
    has("unbound") && has("dnsperf") && has("dig") ? undefined : "unbound, dig or dnsperf is not installed",
  run: (context) =>
    Effect.gen(function* () {
      const key = SigningKey.generate()
      const zone = yield* sign(text.zone("lab.example.", source(context.quick ? 500 : 20_000)), { keys: [key] })
      const server = yield* Server.make({ zones: [zone] })
      const folder = mkdtempSync(join(tmpdir(), "trust-"))
      const port = yield* Effect.promise(freePort)
      const ds = RRset.recordOf({ name: origin, type: types.DS, ttl: 300, rdata: Dnskey.dsRdata(origin, key.dnskey) })
      const conf = `server:\n interface: 127.0.0.1@${port}\n do-daemonize: no\n do-not-query-localhost: no\n chroot: ""\n username: ""\n pidfile: ""\n use-syslog: no\n trust-anchor: "${RecordText.print(ds)}"\n local-zone: "example." nodefault\n module-config: "validator iterator"\nstub-zone:\n name: "lab.example."\n stub-addr: 127.0.0.1@${server.port}\n`
      writeFileSync(join(folder, "conf"), conf)
      const count = context.quick ? 500 : 20_000
      writeFileSync(
        join(folder, "names"),
        Array.from({ length: count }, (_, i) => `n${i + 1}.lab.example. A\n`).join("")
      )
      const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` }
      const child = yield* Effect.acquireRelease(
        Effect.sync(() => spawnTied("unbound", ["-d", "-c", join(folder, "conf")], { env, stdio: "ignore" })),
        (running) =>
          Effect.sync(() => {
            running.kill("SIGKILL")
            rmSync(folder, { recursive: true, force: true })
          })
      )
      const ask = (args: ReadonlyArray<string>) =>
        Effect.promise(
          () =>
            new Promise<string>((resolve) => execFile(args[0]!, args.slice(1), { env }, (_, stdout) => resolve(stdout)))
        )
      let first = ""
      for (let attempt = 0; attempt < 50 && !first.includes("flags:"); attempt++) {
        first = yield* ask([
          "dig",
          "@127.0.0.1",
          "-p",
          String(port),
          "+dnssec",
          "+tries=1",
          "+time=1",
          "ns1.lab.example",
          "A"
        ])
      }
      context.check(child.exitCode === null && / ad[ ;]/.test(first), "Unbound validates")
      const report = yield* ask([
        "dnsperf",
        "-s",
        "127.0.0.1",
        "-p",
        String(port),
        "-d",
        join(folder, "names"),
        "-n",
        "1",
        "-D",
        "-q",
        "50"
      ])
      return { "answers/s": Number(/Queries per second:\s+([0-9.]+)/.exec(report)![1]) }
    }).pipe(Effect.scoped, Effect.runPromise)
}

/** Whole answers: read, judged by their signatures, the chain above being known; one after the other, or many at once. */
const answers =
  (atOnce: number): Bench.Run =>
  async (context) => {
    const { zone, keys } = signedSets(context.environment["ecdsa"]!)
    const judged = judge([zone], keys[0]!)
    const messages = new Framing.Deframer().push(readFileSync(context.environment["answers"]!))
    let next = 0
    const one = () => {
      const message = Message.decodeUnsafe(messages[next]!)
      if (++next === messages.length) {
        next = 0
        forgetSignatures()
      }
      return judged.judge(message.questions[0]!, message)
    }
    const some = Effect.forEach(Array.from({ length: atOnce }), () => Effect.suspend(one), { concurrency: atOnce })
    context.check(
      (await Effect.runPromise(some)).every(({ status }) => status === "secure"),
      "every answer is secure"
    )
    return { "answers/s": await context.rate(async () => void (await Effect.runPromise(some)), { perStep: atOnce }) }
  }

const signWhole: Bench.Run = async (context) => {
  const key = SigningKey.generate()
  const zone = plain(context.quick)
  const signed = await Effect.runPromise(sign(zone, { keys: [key] }))
  context.check(
    [...signed.nodes.values()].every((node) => node.sets.size === 0 || node.signatures.size > 0),
    "all is signed"
  )
  return { "zones/s": await context.rate(async () => void (await Effect.runPromise(sign(zone, { keys: [key] })))) }
}

const signAgain: Bench.Run = async (context) => {
  const key = SigningKey.generate()
  const previous = await Effect.runPromise(sign(plain(context.quick), { keys: [key] }))
  const { zone } = edit(previous, (transaction) => transaction.removeAll(Name.fromText("n50.lab.example.")))
  const again = () => Effect.runPromise(sign(zone, { keys: [key], previous }))
  const signed = await again()
  context.check(signed.apex.signatures.get(types.SOA)!.length === 1, "the new SOA is signed")
  context.check(!signed.nodes.has(Zone.keyOf(Name.fromText("n50.lab.example."))), "the name is gone")
  return { "zones/s": await context.rate(async () => void (await again())) }
}

const brokenRequests = "10,000 broken queries, updates, transfers and signatures to the server"
const bare = "node:crypto, nothing else"
const firstRsa = "validate sets seen for the first time, RSA 2048"
const firstEcdsa = "validate sets seen for the first time, P-256"
const rememberedSets = "validate sets whose signatures are remembered, P-256"
const judgeAnswers = "validate answers, P-256"
const signFirst = "sign a zone, P-256"
const signRemembered = "sign after a change, other signatures remembered, P-256"

export default Bench.define({
  name: "dns/trust",
  environment: ({ quick }) => {
    const folder = mkdtempSync(join(tmpdir(), "trust-"))
    const write = (name: string, zone: Zone.Zone) => {
      writeFileSync(join(folder, name), text.print(zone))
      return join(folder, name)
    }
    const signed = (algorithm: number) =>
      signSync(plain(quick), { keys: [SigningKey.generate({ algorithm })], now: now() })
    const ecdsa = signed(Algorithm.ECDSAP256SHA256)
    const { answer } = judge([ecdsa], Dnskey.read(ecdsa.apex.sets.get(types.DNSKEY)!.rdatas[0]!)!)
    const answered = Array.from({ length: names(quick) }, (_, i) =>
      Message.encode(answer(Question.make(`n${i + 1}.lab.example.`, "A")))
    )
    // With their length before them, as over TCP.
    writeFileSync(join(folder, "answers"), Framing.frameAll(answered))
    return Promise.resolve({
      values: {
        plain: write("plain", plain(quick)),
        rsa: write("rsa", signed(Algorithm.RSASHA256)),
        ecdsa: write("ecdsa", ecdsa),
        answers: join(folder, "answers")
      },
      stop: () => rmSync(folder, { recursive: true })
    })
  },
  works: [
    {
      name: firstRsa,
      subjects: {
        handoff: validate("rsa", false),
        "handoff, many at once": validateAtOnce("rsa"),
        "handoff, a whole zone on every core": validateWhole("rsa"),
        [bare]: bareValidate("rsa"),
        dnspython: dnspython("validate", "rsa")
      }
    },
    {
      name: firstEcdsa,
      subjects: {
        handoff: validate("ecdsa", false),
        "handoff, many at once": validateAtOnce("ecdsa"),
        "handoff, a whole zone on every core": validateWhole("ecdsa"),
        [bare]: bareValidate("ecdsa"),
        dnspython: dnspython("validate", "ecdsa")
      }
    },
    {
      name: rememberedSets,
      subjects: { handoff: validate("ecdsa", true), dnspython: dnspython("validate", "ecdsa") }
    },
    {
      name: judgeAnswers,
      subjects: {
        handoff: answers(256),
        "handoff, one after the other": answers(1),
        dnspython: dnspython("answers", "answers"),
        unbound
      }
    },
    {
      name: signFirst,
      subjects: { handoff: signWhole, [bare]: bareSign, dnspython: dnspython("sign", "plain") }
    },
    {
      name: signRemembered,
      subjects: { handoff: signAgain, dnspython: dnspython("sign", "plain") }
    },
    { name: "90 keys of one tag, 150 forged signatures a set", subjects: { handoff: keyTrap } },
    { name: "NSEC3 of up to 65,535 iterations, a name of 112 labels", subjects: { handoff: bomb } },
    { name: brokenRequests, subjects: { handoff: broken } }
  ],
  goals: [
    ...[firstRsa, firstEcdsa, rememberedSets].map((work) => ({
      work,
      metric: "sets/s",
      subject: "handoff",
      against: "dnspython",
      atLeast: 20
    })),
    { work: judgeAnswers, metric: "answers/s", subject: "handoff", against: "dnspython", atLeast: 20 },
    ...[signFirst, signRemembered].map((work) => ({
      work,
      metric: "zones/s",
      subject: "handoff",
      against: "dnspython",
      atLeast: 20
    })),
    // How near to the bare cost: what is ours is a quarter of it at most.
    ...[firstRsa, firstEcdsa].map((work) => ({
      work,
      metric: "sets/s",
      subject: "handoff",
      against: bare,
      atLeast: 0.75
    })),
    { work: signFirst, metric: "zones/s", subject: "handoff", against: bare, atLeast: 1 },
    ...[
      "90 keys of one tag, 150 forged signatures a set",
      "NSEC3 of up to 65,535 iterations, a name of 112 labels",
      brokenRequests
    ].map((work) => ({
      work,
      metric: "worst answer, ms",
      subject: "handoff",
      // Unbounded, the first would be some 4,500 checks of 0.5 ms, the second 7 million hashes: seconds each.
      against: 50,
      atMost: 1
    }))
  ]
})
