/**
 * Every scenario of `scenarios/`: a script of what happens on the network, in virtual time. A folder is a section of an
 * RFC or a feature, a file is one scenario: its first line is the sentence, its default export the effect that shows it,
 * or a list of sentences with their effects where only a value differs. Every folder has at least one negative control: a
 * scenario in which the feature is off or its condition is not met, and which would end otherwise if it were there.
 *
 * Here they play in memory; `live/scenarios.test.ts` plays the same files with real name servers.
 *
 * One test file for all: a file of its own each would load Effect a hundred times.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Scenarios from "./support/scenarios.ts"

const control = "negative control: "

for (const folder of Scenarios.folders) {
  const scenarios = await Scenarios.read(folder)
  describe(folder, () => {
    for (const { effect, sentence } of scenarios) it.effect(sentence, () => effect)

    it("has a negative control", () => {
      assert.isTrue(scenarios.some(({ sentence }) => sentence.startsWith(control)))
    })
  })
}
