/** Packs every published package once, for all the tests that look at what a stranger gets. */
import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { promisify } from "node:util"
import type { TestProject } from "vitest/node"
import { packages, root } from "../src/Workspace.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** The file of each package, by its name. */
    readonly tarballs: Readonly<Record<string, string>>
  }
}

/** Of the package in this folder, as npm names it. */
const pack = async (folder: string, into: string): Promise<string> => {
  const { stdout } = await promisify(execFile)("npm", ["pack", "--json", "--pack-destination", into], {
    cwd: path.join(root, folder),
    maxBuffer: 2 ** 26
  })
  const packed = JSON.parse(stdout) as
    | ReadonlyArray<{ readonly filename: string }>
    | Record<string, { filename: string }>
  return path.join(into, Object.values(packed)[0]!.filename)
}

export default async ({ provide }: TestProject): Promise<() => void> => {
  const into = mkdtempSync(path.join(os.tmpdir(), "handoff-tarballs-"))
  const tarballs: Record<string, string> = {}
  for (const { folder, manifest, name } of packages) {
    if (manifest.private !== true) tarballs[name] = await pack(folder, into)
  }
  provide("tarballs", tarballs)
  return () => rmSync(into, { recursive: true, force: true })
}
