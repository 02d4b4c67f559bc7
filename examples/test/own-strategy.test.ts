import { contract } from "@handoff/testing"
import { entries, samples } from "../own-strategy/samples.ts"
import * as Table from "../own-strategy/Table.ts"

contract("a strategy of one's own", Table.make(entries), samples)
