/** The flags that say which lab. */
import * as Flag from "effect/cli/Flag"
import * as limits from "../lab/limits.ts"
import * as Plan from "../lab/Plan.ts"
import { wholeNumber } from "./wholeNumber.ts"

const seed = Flag.Int("seed").pipe(
  Flag.withDescription(`the number that the lab follows from: same seed, same network; default ${limits.seed.default}`),
  Flag.withDefault(limits.seed.default)
)

const network = Flag.String("network").pipe(
  Flag.withDescription(`first half of the lab's loopback addresses, 127.1 to 127.255; default ${limits.network}`),
  Flag.filter(
    (words) => /^127\.([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/.test(words),
    () => "127.1 to 127.255"
  ),
  Flag.withDefault(limits.network)
)

const broken = wholeNumber("broken", "how many times the usual share of hosts is broken", {
  default: 1,
  minimum: 0,
  maximum: limits.mostBroken
})

/** How far the C library is shown the lab, at most; `off` shows what a system without private namespaces can do. */
const privacy = Flag.Literals("private", ["network", "files", "off"]).pipe(
  Flag.withDescription("private namespaces in which the C library sees the lab, at most; default network"),
  Flag.withDefault("network")
)

export const labFlags = { seed, network, hosts: wholeNumber("hosts", "hosts of the lab", limits.hosts), broken }

/** As `labFlags`, for commands that show the lab to the C library. */
export const privateLabFlags = { ...labFlags, private: privacy }

export const planOf = (given: Required<Plan.Options>): Plan.Plan => Plan.make(given)
