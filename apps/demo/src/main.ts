#!/usr/bin/env node
/** Compiled code is kept between runs: compiling it again is half of what a short command takes. */
import * as Module from "node:module"
import { tooOld } from "./program/nodeVersion.ts"
import { engines } from "./program/version.ts"

// Before anything is loaded that an older Node cannot even read.
const complaint = tooOld(process.versions.node, engines.node)
if (complaint !== undefined) {
  process.stderr.write(`${complaint}\n`)
  process.exit(1)
}
Module.enableCompileCache()
const [{ main }, { run }] = await Promise.all([import("./cli.ts"), import("./program/run.ts")])

run(main(process.argv.slice(2)))
