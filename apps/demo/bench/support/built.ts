/** The command as its users have it: built, so that nobody strips types while he is timed. */
import * as ChildProcess from "node:child_process"
import * as Url from "node:url"

const path = (relative: string) => Url.fileURLToPath(new URL(relative, import.meta.url))

export const main = path("../../dist/main.js")

/** Builds what has changed. */
export const build = (): void => {
  const tsc = path("../../../../node_modules/typescript/bin/tsc")
  ChildProcess.execFileSync(process.execPath, [tsc, "-b", path("../../tsconfig.src.json")], { stdio: "inherit" })
}
