/**
 * The page's files, read once when the server starts: markup and styles as they are, modules as JavaScript (in the
 * repository by taking the types out, in the package as they were built), and the chart library from where npm put it.
 * Names are known beforehand, so no request names a path.
 */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Module from "node:module"
import { Trouble } from "../program/Trouble.ts"

export interface File {
  readonly octets: Uint8Array
  readonly type: string
  readonly tag: string
}

/** By path, as the page asks for them. */
export type Files = ReadonlyMap<string, File>

export const load: Effect.Effect<Files, Trouble> = Effect.tryPromise({
  try: async () => {
    const files = new Map<string, File>()
    const add = (path: string, type: string, content: string | Uint8Array) => {
      const octets = typeof content === "string" ? Buffer.from(content) : content
      const tag = `"${createHash("sha256").update(octets).digest("base64url").slice(0, 22)}"`
      files.set(path, { octets, type, tag })
    }
    for (const name of await Fs.readdir(statics)) {
      const type = types[name.slice(name.lastIndexOf("."))]
      if (type !== undefined) add(`/${name}`, type, await Fs.readFile(new URL(name, statics)))
    }
    for (const folder of ["page", "shared"]) {
      const here = new URL(`./${folder}/`, import.meta.url)
      for (const name of await Fs.readdir(here)) {
        if (/\.d\.ts$|\.map$/.test(name) || !/\.[jt]s$/.test(name)) continue
        const source = await Fs.readFile(new URL(name, here), "utf8")
        const code = name.endsWith(".ts") ? strip(source) : source.replace(/^\/\/# sourceMappingURL=.*$/m, "")
        add(`/${folder}/${name}`, javascript, code)
        // The markup cannot know which of both there is.
        if (name.startsWith("main.")) add("/main.js", javascript, `import "/${folder}/${name}"\n`)
      }
    }
    const chart = import.meta.resolve("uplot")
    add("/lib/uPlot.js", javascript, await Fs.readFile(new URL("uPlot.esm.js", chart)))
    add("/lib/uPlot.css", types[".css"]!, await Fs.readFile(new URL("uPlot.min.css", chart)))
    return files
  },
  catch: (cause) =>
    new Trouble({
      what: `the page's files cannot be read: ${(cause as Error).message}`,
      hint: "install handoff again",
      cause
    })
})

/** In `apps/demo/page`, as seen from `src/serve` and from `dist/serve`. */
const statics = new URL("../../page/", import.meta.url)

const javascript = "text/javascript; charset=utf-8"

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": javascript,
  ".svg": "image/svg+xml"
}

/** Takes the types out. Node warns that it is an experiment; where the page was built, it is not needed. */
const strip = (source: string): string => {
  const warn = process.emitWarning.bind(process)
  process.emitWarning = () => {}
  try {
    return Module.stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = warn
  }
}
