/**
 * Builds the addon. A plain script of Node's own, because it also runs on install, by whatever Node there is.
 *
 *   node native/build.mjs                 the prebuilt binaries, for all targets whose compiler is here
 *   node native/build.mjs linux-x64-glibc only that target
 *   node native/build.mjs --out DIR ...   elsewhere than prebuilds/
 *   node native/build.mjs --here          with this machine's compiler, for this machine, into native/build/
 *
 * The same compiler gives the same octets: no paths, no dates, no build ids.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, statSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const source = join(root, "native", "source")

/**
 * Every target that Debian's compilers reach: the compiler, the Debian package that has it, and for a C library that is
 * not the compiler's own, the variable that says where Debian's package of it was unpacked (`dpkg -x`).
 */
export const targets = {
  "linux-x64-glibc": { compiler: "x86_64-linux-gnu-gcc", debian: "gcc" },
  "linux-arm64-glibc": { compiler: "aarch64-linux-gnu-gcc", debian: "gcc-aarch64-linux-gnu" },
  "linux-ppc64-glibc": {
    compiler: "powerpc64le-linux-gnu-gcc",
    debian: "gcc-powerpc64le-linux-gnu and libc6-dev-ppc64el-cross"
  },
  "linux-s390x-glibc": { compiler: "s390x-linux-gnu-gcc", debian: "gcc-s390x-linux-gnu and libc6-dev-s390x-cross" },
  "linux-riscv64-glibc": {
    compiler: "riscv64-linux-gnu-gcc",
    debian: "gcc-riscv64-linux-gnu and libc6-dev-riscv64-cross"
  },
  "linux-x64-musl": { compiler: "musl-gcc", debian: "musl-tools" },
  "linux-arm64-musl": {
    compiler: "aarch64-linux-gnu-gcc",
    debian: "gcc-aarch64-linux-gnu and musl-dev:arm64",
    unpacked: "MUSL_ARM64",
    library: "aarch64-linux-musl"
  }
}

/** Why a target cannot be built here; undefined if it can. */
export const missing = (target) => {
  const { compiler, debian, unpacked } = targets[target]
  if (spawnSync(compiler, ["--version"]).status !== 0) return `there is no ${compiler} (Debian's ${debian})`
  if (unpacked !== undefined && process.env[unpacked] === undefined)
    return `${unpacked} is not set (Debian's ${debian})`
  const headers = ["-xc", "-E", "-include", "stdio.h", "/dev/null"]
  if (unpacked === undefined && spawnSync(compiler, headers).status !== 0)
    return `${compiler} finds no headers of a C library (Debian's ${debian})`
  return undefined
}

/** Another C library than the compiler's: its headers, and the compiler's own. */
const libraryFlags = ({ compiler, library, unpacked }) => {
  if (unpacked === undefined) return []
  const own = spawnSync(compiler, ["-print-file-name=include"], { encoding: "utf8" }).stdout.trim()
  const usr = join(process.env[unpacked], "usr")
  const headers = ["-nostdinc", "-isystem", join(usr, "include", library), "-isystem", own]
  // The library itself is there when Node is; none is linked.
  return headers.concat("-nostdlib", "-lgcc")
}

export const binary = "handoff_libc.node"

const common =
  "-std=gnu11 -D_GNU_SOURCE -O2 -fPIC -fvisibility=hidden -Wall -Wextra -Werror -shared -pthread -include glibc.h"
// nodelete: threads may still wait inside when the environment that loaded the addon has gone.
const elf = "-s -Wl,-z,nodelete -Wl,-z,relro,-z,now -Wl,--build-id=none -Wl,--as-needed -Wl,--hash-style=gnu -ldl"

/** Compiles into `file`; returns what went wrong, or undefined. */
export const compile = (compiler, file, { platform = "linux", more = [] } = {}) => {
  mkdirSync(dirname(file), { recursive: true })
  const sources = readdirSync(source)
    .filter((name) => name.endsWith(".c"))
    // eslint-disable-next-line unicorn/no-array-sort -- the Node that installs may be older than toSorted
    .sort()
  const flags = `${common} ${platform === "darwin" ? "-undefined dynamic_lookup" : elf}`.split(" ")
  const options = { cwd: source, encoding: "utf8", env: { ...process.env, LC_ALL: "C" } }
  const result = spawnSync(compiler, ["-o", file, ...sources, ...flags, ...more], options)
  if (result.error) return `${compiler}: ${result.error.message}`
  return result.status === 0 ? undefined : result.stderr
}

const main = (args) => {
  if (args.includes("--here")) {
    const file = join(root, "native", "build", binary)
    const failed = compile(process.env.CC ?? "cc", file, { platform: process.platform })
    if (failed !== undefined) throw new Error(failed)
    return console.log(relative(root, file))
  }
  const at = args.indexOf("--out")
  const out = at === -1 ? join(root, "prebuilds") : args[at + 1]
  const asked = args.filter((arg, i) => !arg.startsWith("--") && (at === -1 || i !== at + 1))
  for (const target of asked.length > 0 ? asked : Object.keys(targets)) {
    const reason = missing(target)
    if (reason !== undefined && asked.length === 0) {
      console.log(`${target} not built: ${reason}`)
      continue
    }
    const file = join(out, target, binary)
    const failed = compile(targets[target].compiler, file, { more: libraryFlags(targets[target]) })
    if (failed !== undefined) throw new Error(`${target}: ${failed}`)
    console.log(`${target} ${statSync(file).size} octets`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
