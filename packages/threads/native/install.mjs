/**
 * Runs on install. Where a prebuilt binary loads there is nothing to do, and that is nearly everywhere. Elsewhere it
 * compiles the addon if there is a C compiler, and otherwise says what follows; it never fails an installation.
 */
import { existsSync, openSync, readSync, readdirSync, closeSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { binary, compile } from "./build.mjs"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Why a file does not load here, or undefined. */
const refusal = (file) => {
  try {
    createRequire(import.meta.url)(file)
    return undefined
  } catch (error) {
    return String(error)
  }
}

const libcName = () => {
  const head = Buffer.alloc(4096)
  const file = openSync(process.execPath, "r")
  readSync(file, head)
  closeSync(file)
  return head.includes("/ld-musl-") ? "musl" : "glibc"
}

const system = `${process.platform}-${process.arch}`
const target = process.platform === "linux" ? `${system}-${libcName()}` : system
const prebuilds = join(root, "prebuilds")
const isHere = existsSync(prebuilds) && readdirSync(prebuilds).includes(target)

if (!isHere || refusal(join(prebuilds, target, binary)) !== undefined) {
  const file = join(root, "native", "build", binary)
  const failed =
    process.platform === "win32"
      ? "no build for Windows"
      : (compile(process.env.CC ?? "cc", file, { platform: process.platform }) ?? refusal(file))
  if (failed === undefined) console.log(`@handoff/threads: compiled its addon for ${target}`)
  else {
    console.log(
      `@handoff/threads: no addon for ${target} (${failed.trim().split("\n")[0]}); ` +
        "@handoff/threads/libc will call the C library in workers if koffi is installed"
    )
  }
}
