/**
 * A command in a private network where a name server answers after so many milliseconds on port 53, which is the only
 * port that the peers can ask. Its stdin and stdout are files; the time is that of the command alone.
 */
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Url from "node:url"

const server = Url.fileURLToPath(new URL("reverseServer.ts", import.meta.url))

/** Whether this system allows it; a reason if not. */
export const impossible = (): string | undefined =>
  ChildProcess.spawnSync("unshare", ["-Urmn", "ip", "link", "set", "lo", "up"]).status === 0
    ? undefined
    : "no private network namespaces here"

export const run = (options: {
  readonly command: ReadonlyArray<string>
  readonly input: string
  readonly output: string
  readonly milliseconds: number
}): { readonly seconds: number } => {
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "handoff-bench-"))
  try {
    Fs.writeFileSync(Path.join(folder, "resolv.conf"), "nameserver 127.0.0.53\n")
    Fs.writeFileSync(Path.join(folder, "nsswitch.conf"), "hosts: dns\n")
    const script = [
      "ip link set lo up",
      `mount --bind ${folder}/resolv.conf /etc/resolv.conf`,
      `mount --bind ${folder}/nsswitch.conf /etc/nsswitch.conf`,
      `mkfifo ${folder}/stop ${folder}/ready`,
      `{ "$NODE" ${server} 127.0.0.53 53 ${options.milliseconds} < ${folder}/stop > ${folder}/ready & }`,
      `exec 9> ${folder}/stop`,
      `read word < ${folder}/ready`,
      "before=$(date +%s%N)",
      '"$@" < "$INPUT" > "$OUTPUT" 2> /dev/null',
      "code=$?",
      "after=$(date +%s%N)",
      "exec 9>&-",
      "wait",
      'echo "$before $after $code"'
    ].join("\n")
    const said = ChildProcess.execFileSync("unshare", ["-Urmn", "sh", "-c", script, "bench", ...options.command], {
      encoding: "utf8",
      env: { ...process.env, NODE: process.execPath, INPUT: options.input, OUTPUT: options.output },
      maxBuffer: 1_048_576
    })
    const [before, after, code] = said.trim().split(" ")
    if (code !== "0") throw new Error(`${options.command.join(" ")} ended with exit code ${code}`)
    return { seconds: Number(BigInt(after!) - BigInt(before!)) / 1e9 }
  } finally {
    Fs.rmSync(folder, { recursive: true, force: true })
  }
}
