import * as clients from "/work/main/packages/reactor/bench/support/clients.ts"
const [, , which, mode, n, port] = process.argv
const ctx = {
  quick: false,
  seconds: Number(process.env.SEC ?? 1.5),
  environment: { port },
  check: (h, c) => {
    if (!h) throw new Error(c)
  },
  rate: 0 as any
}
const r = which === "pool" ? clients.pool(Number(n)) : (clients as any)[which](mode, Number(n))
console.log(which, mode, n, JSON.stringify(await r(ctx)))
process.exit(0)
