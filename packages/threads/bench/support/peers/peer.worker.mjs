// The peers' worker: one function for all, because they agree on nothing else.
import * as functions from "../functions.mjs"

const byName = { ...functions }

const run = ({ name, args }) => byName[name](...args)
export default run
