import {
  cache,
  circuitBreaker,
  coalesce,
  type Executor,
  hedge,
  limit,
  rateLimit,
  retry,
  type Task,
  timeout
} from "@handoff/core"
import { contract } from "@handoff/testing"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { direct, everySample } from "./samples.ts"

const wrapped = (wrapper: <T extends Task.Any>(inner: Executor.Executor<T>) => Executor.Executor<T>) =>
  Effect.map(direct("direct", "later"), wrapper)

const options = { ...everySample, patience: 3000, tasks: 300, seeds: [11, 12] }
const always = () => true

contract("limit", wrapped(limit({ concurrency: 64, key: (task) => String(task.args[0] % 7) })), options)
contract("limit to three at a time, eight in all", wrapped(limit({ concurrency: 3, waiting: 5 })), {
  ...options,
  seeds: [11],
  differences: { concurrency: 3, limit: 8 }
})
contract("limit to one at a time", wrapped(limit({ concurrency: 1 })), {
  ...options,
  tasks: 100,
  differences: { concurrency: 1 }
})
contract("retry", wrapped(retry({ schedule: Schedule.recurs(2) })), options)
contract("timeout", wrapped(timeout("1 minute")), options)
contract("hedge", wrapped(hedge({ delay: "5 millis", only: always })), options)
contract("coalesce", wrapped(coalesce({ only: always })), options)
contract("cache", wrapped(cache({ capacity: 100, timeToLive: "1 minute", only: always })), options)
contract("rateLimit", wrapped(rateLimit({ tasks: 1_000_000, window: "1 second" })), options)
contract("circuitBreaker", wrapped(circuitBreaker({ failures: 3, rest: "1 minute" })), options)
contract(
  "all wrappers together",
  wrapped((inner) =>
    limit({ concurrency: 64 })(
      timeout("1 minute")(retry({ schedule: Schedule.recurs(1) })(coalesce()(hedge({ delay: "1 minute" })(inner))))
    )
  ),
  options
)
