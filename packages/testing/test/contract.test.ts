import { contract, Stepper } from "@handoff/testing"
import { answer, direct, router, samples } from "./samples.ts"

contract("Direct with handlers that answer at once", direct("direct", "at once"), { ...samples, patience: 2000 })

contract("Direct with handlers that take a while", direct("direct", "later"), { ...samples, patience: 2000 })

contract(
  "Stepper, stepping itself at random",
  Stepper.automatic({ kinds: ["Call"], answer, seed: 7, skip: (task) => task.function === "hang" }),
  { ...samples, patience: 2000 }
)

contract("Router over two Directs", router, {
  ...samples,
  patience: 2000
})
