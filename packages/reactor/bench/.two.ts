import * as idle from "./support/idle.ts"
const [, , which, port] = process.argv
const ctx = {
  quick: false,
  seconds: 1,
  environment: { port },
  check: (h, c) => {
    if (!h) throw new Error(c)
  },
  rate: 0 as any
}
console.log(which, JSON.stringify(await (idle as any)[which](ctx)))
process.exit(0)
