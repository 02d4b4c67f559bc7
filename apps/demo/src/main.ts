#!/usr/bin/env node
/** Compiled code is kept between runs: compiling it again is half of what a short command takes. */
import { enableCompileCache } from "node:module"

enableCompileCache()
const [{ main }, { run }] = await Promise.all([import("./cli.ts"), import("./program/run.ts")])

run(main(process.argv.slice(2)))
