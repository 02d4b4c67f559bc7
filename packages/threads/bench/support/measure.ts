/** Runs inside a private system: `measure.ts <way> <what> <seconds>`; writes figures as JSON. */
import * as crypto from "node:crypto"
import * as fs from "node:fs"
import { promisify } from "node:util"
import { type LookUp, lookupers } from "./lookupers.ts"

const [way, what, secondsText] = process.argv.slice(2) as [string, string, string]
const seconds = Number(secondsText)

let asked = 0
/** Names that were never asked before: nobody between us and the server can know the answer. */
const names = (count: number) => Array.from({ length: count }, () => `host-${process.pid}-${asked++}.bench.example`)

const check = (addresses: ReadonlyArray<string>, count: number) => {
  if (addresses.length !== count || addresses.some((address) => address !== "192.0.2.1")) {
    throw new Error(`${way} gave ${addresses.length} addresses: ${addresses.slice(0, 3).join()}`)
  }
}

/** `count` at once, and what they held while they waited. */
const atOnce = async (lookUp: LookUp, count: number) => {
  check(await lookUp(names(1)), 1)
  globalThis.gc!()
  const before = process.memoryUsage.rss()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 5)
  const began = performance.now()
  check(await lookUp(names(count)), count)
  const elapsed = performance.now() - began
  clearInterval(watch)
  return {
    "all done, server delays": elapsed / 100,
    "memory per waiting lookup, MB": (most - before) / 2 ** 20 / count
  }
}

/** 64 in flight at any time. */
const flow = async (lookUp: LookUp, isOver: () => boolean) => {
  let done = 0
  const one = async () => {
    while (!isOver()) {
      check(await lookUp(names(1)), 1)
      done++
    }
  }
  await Promise.all(Array.from({ length: 64 }, one))
  return done
}

const rate = async (lookUp: LookUp) => {
  const run = async (millis: number) => {
    const began = performance.now()
    const done = await flow(lookUp, () => performance.now() - began > millis)
    return (done * 1000) / (performance.now() - began)
  }
  await run(seconds * 200)
  return { "lookups/s": await run(seconds * 1000) }
}

/** File and crypto calls, one after the other; milliseconds of each. */
class Work {
  readonly reads: Array<number> = []
  readonly keys: Array<number> = []

  async until(isOver: () => boolean): Promise<void> {
    const file = new URL(import.meta.url)
    while (!isOver()) {
      const start = performance.now()
      const text = await fs.promises.readFile(file, "utf8")
      const middle = performance.now()
      const key = await pbkdf2("password", "salt", 500, 32, "sha256")
      this.keys.push(performance.now() - middle)
      this.reads.push(middle - start)
      if (text.length < 100 || key.length !== 32) throw new Error("a wrong file, or a wrong key")
    }
  }
}

const pbkdf2 = promisify(crypto.pbkdf2)

const p99 = (all: ReadonlyArray<number>) => all.toSorted((a, b) => a - b)[Math.floor(all.length * 0.99)]!

const windowMillis = 500

/**
 * Windows of half a second, with 64 lookups at once and without any in turn, so that a change of the machine's speed hits
 * both alike. A window with lookups lasts until they are done.
 */
const meanwhile = async (lookUp: LookUp) => {
  check(await lookUp(names(64)), 64)
  const [without, during] = [new Work(), new Work()]
  // What is slow the first time is not counted.
  const warm = performance.now() + windowMillis
  await new Work().until(() => performance.now() > warm)
  const began = performance.now()
  while (performance.now() - began < seconds * 1000) {
    let end = performance.now() + windowMillis
    await without.until(() => performance.now() > end)
    end = performance.now() + windowMillis
    let isDone = false
    const lookups = (async () => {
      check(await lookUp(names(64)), 64)
      isDone = true
    })()
    await during.until(() => isDone && performance.now() > end)
    await lookups
  }
  return {
    "fs.readFile p99, times that without": p99(during.reads) / p99(without.reads),
    "pbkdf2 p99, times that without": p99(during.keys) / p99(without.keys),
    "fs.readFile p99, ms": p99(during.reads),
    "longest stop, ms": Math.max(...during.reads, ...during.keys)
  }
}

const measure = async () => {
  const { lookUp, readyMillis } = await lookupers[way]!()
  if (what === "rate") return rate(lookUp)
  if (what === "meanwhile") return meanwhile(lookUp)
  return { ...(await atOnce(lookUp, Number(what))), "ready, ms": readyMillis }
}

process.stdout.write(JSON.stringify(await measure()), () => process.exit(0))
