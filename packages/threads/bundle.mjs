/**
 * Makes the worker's entry one file, after the compiler: every file that a thread loads is part of its start, about a
 * millisecond each.
 */
import { build } from "esbuild"

await build({
  entryPoints: ["src/worker.ts"],
  outfile: "dist/worker.js",
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22",
  sourcemap: true,
  allowOverwrite: true
})
