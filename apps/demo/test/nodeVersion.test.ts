import { assert, describe, it } from "@effect/vitest"
import { tooOld } from "#demo/program/nodeVersion"

describe("a Node that is too old", () => {
  it.each(["20.20.2", "22.18.9", "8.0.0"])("such as %s is told what it takes", (version) => {
    assert.include(tooOld(version, ">=22.19.0"), `this is Node ${version}, and it takes Node 22.19 or later`)
  })

  it.each(["22.19.0", "22.20.1", "24.1.0", "100.0.0"])("is not %s", (version) => {
    assert.isUndefined(tooOld(version, ">=22.19.0"))
  })
})
