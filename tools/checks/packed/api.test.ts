/** The public surface of the built packages: every name documented, every type nameable, and no break that no changeset admits. */
import { assert, describe, it } from "@effect/vitest"
import * as Report from "../src/api/Report.ts"

describe("the public surface", () => {
  const reports = Report.all()

  it.for(reports)("of $name has no name that no comment explains", (report) => {
    assert.deepStrictEqual(Report.undocumented(report), [], "write a sentence above each of these declarations")
  })

  it.for(reports)("of $name mentions no type that its entries do not export", (report) => {
    const todo =
      "export each from an entry as a type, write it out where it is mentioned, or mark the mention @internal"
    assert.deepStrictEqual(Report.unnameable(report), [], todo)
  })

  it.for(reports)("of $name breaks nobody, or a changeset says so", (report) => {
    console.log(Report.format(report))
    assert.deepStrictEqual(Report.unadmitted(report), [])
  })
})
