// `npm run dev -- [what]`: what runs again on every save. Plain JavaScript, so that it starts at once.
import { spawn } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import path from "node:path"
import { fileURLToPath } from "node:url"

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..")

/** Folders with tests, by their last name. */
export const projects = () =>
  new Map(
    ["packages", "apps", "tools"]
      .flatMap((room) => readdirSync(path.join(root, room)).map((name) => [name, `${room}/${name}`]))
      .concat([["examples", "examples"]])
      .filter(([, folder]) => existsSync(path.join(root, folder, "vitest.config.ts")))
  )

/** The commands of a loop, one after the other, each with its folder; undefined if there is no such loop. */
export const loop = ([what, ...rest], folders = projects()) => {
  if (what === undefined) return [{ folder: ".", command: ["vitest", "--changed", "main"] }]
  if (what === "types") return [{ folder: ".", command: ["tsc", "-b", "--watch"] }]
  if (what === "docs") {
    return [
      ...(existsSync(path.join(root, "docs/node_modules")) ? [] : [{ folder: "docs", command: ["npm", "ci"] }]),
      { folder: "docs", command: ["npm", "run", "dev"] }
    ]
  }
  if (what === "demo") {
    const program = ["--watch", "--watch-preserve-output", "--conditions=@handoff/source", "apps/demo/src/main.ts"]
    if (rest.length > 0) return [{ folder: ".", command: ["node", ...program, ...rest] }]
  }
  const folder = folders.get(what)
  return folder === undefined ? undefined : [{ folder, command: ["vitest", ...rest] }]
}

const run = ({ command: [name, ...parameters], folder }) =>
  new Promise((resolve) => {
    const child = spawn(name, parameters, {
      cwd: path.join(root, folder),
      stdio: "inherit",
      env: { ...process.env, PATH: `${path.join(root, "node_modules/.bin")}${path.delimiter}${process.env.PATH}` }
    })
    child.on("error", (error) => {
      console.error(`${name} does not start (${error.message}); run npm ci first`)
      resolve(1)
    })
    child.on("close", (code) => resolve(code ?? 0))
  })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const commands = loop(process.argv.slice(2))
  if (commands === undefined) {
    const names = ["types", "docs", "demo <arguments>", ...projects().keys()].join(", ")
    console.error(
      `there is no loop ${process.argv[2]}; there are: ${names}, and without a name the tests of what changed`
    )
    process.exit(2)
  }
  for (const command of commands) process.exitCode = await run(command)
}
