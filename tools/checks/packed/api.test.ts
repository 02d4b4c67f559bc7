/** The public surface of the built packages: every name documented, and no break that no changeset admits. */
import { assert, describe, it } from "@effect/vitest"
import * as Report from "../src/api/Report.ts"

describe("the public surface", () => {
  const reports = Report.all()

  it.for(reports)("of $name has no name that no comment explains", (report) => {
    assert.deepStrictEqual(Report.undocumented(report), [], "write a sentence above each of these declarations")
  })

  it.for(reports)("of $name breaks nobody, or a changeset says so", (report) => {
    console.log(Report.format(report))
    assert.deepStrictEqual(Report.unadmitted(report), [])
  })
})
