/**
 * What tests import in place of Vitest: it only writes down the tests, so that one process can run each of them again and
 * again. Pure cores have plain tests; one that asks for more than this is an error, not a test that is left out.
 */
import { createRequire } from "node:module"

// The assertions are Vitest's own, from the library that it takes them from.
const vitest = createRequire(createRequire(import.meta.url).resolve("vitest/package.json"))
export const { assert } = vitest("chai")

/** `[name, function]` of every test, in the order of the files. */
export const tests = []

const within = []

export const describe = (name, body) => {
  within.push(name)
  body()
  within.pop()
}

/** Options of a test, such as its timeout, are Vitest's business. */
const bodyOf = (parameters) => parameters.find((one) => typeof one === "function")

export const it = (name, ...parameters) => tests.push({ name: [...within, name].join(" > "), run: bodyOf(parameters) })
it.for =
  (cases) =>
  (name, ...parameters) => {
    cases.forEach((one, i) => it(`${name} (${i})`, () => bodyOf(parameters)(one)))
  }
