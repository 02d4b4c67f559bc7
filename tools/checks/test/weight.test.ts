import { assert, describe, it } from "@effect/vitest"
import { packages, read } from "../src/Workspace.ts"
import * as Weight from "../src/Weight.ts"

const page = `
<!-- sizes -->
| package | itself | the whole install |
| ------- | ------ | ----------------- |
| \`@x/a\` | 500 KiB | 50.0 MiB |
<!-- end -->
<!-- starts -->
| entry | modules | time | imports |
| ----- | ------- | ---- | ------- |
| \`@x/a\` | 100 | 200 ms | 2.00 |
| \`@x/a/b\` | 1 | 3 ms | 0.04 |
<!-- end -->
`

describe("what a package weighs", () => {
  const size = (own: number, all: number) => Weight.judgeSize("@x/a", { own, all: all * 1024 }, page)
  const start = (files: number, time: number, milliseconds = 1) =>
    Weight.judgeStart("@x/a", { files, time, milliseconds }, page)

  it("is what the page says, give or take", () => {
    assert.deepStrictEqual(size(540, 53), [])
    assert.deepStrictEqual(start(105, 2.8), [])
    assert.deepStrictEqual(start(100, 2, 100_000), [], "milliseconds are of a machine")
    assert.deepStrictEqual(Weight.judgeStart("@x/a/b", { files: 1, time: 0.1, milliseconds: 9 }, page), [])
  })

  it("is neither far more nor far less", () => {
    assert.match(size(560, 50).join(), /KiB of @x\/a is 560.00, and .* says 500: make it lighter/)
    assert.match(size(500, 60).join(), /MiB of an install/)
    assert.match(size(400, 50).join(), /only 400.00/)
    assert.match(start(120, 2).join(), /number of modules that @x\/a loads is 120/)
    assert.match(start(100, 3.1).join(), /time to import @x\/a/)
    assert.match(start(100, 1).join(), /only 1.00/)
  })

  it("is stated for every package and every entry", () => {
    assert.match(Weight.judgeSize("@x/none", { own: 1, all: 1 }, page).join(), /does not say how large @x\/none is/)
    const text = read(Weight.page)
    for (const { manifest, name } of packages.filter(({ manifest }) => manifest.private !== true)) {
      assert.include(text, `| \`${name}\``)
      for (const door of Object.keys(manifest.exports ?? {}).filter((one) => one !== "./package.json")) {
        assert.include(text, `| \`${name}${door.slice(1)}\` `, "STATE=1 npm run packed")
      }
    }
  })
})
