#!/usr/bin/env node
import { main } from "./cli.ts"
import { run } from "./program/run.ts"

run(main(process.argv.slice(2)))
