/** This program's version, and the Node that it takes, from its own manifest: a release changes them there alone. */
import { readFileSync } from "node:fs"

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string
  readonly engines: { readonly node: string }
}

export const { engines, version } = manifest
