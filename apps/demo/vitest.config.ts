import { project } from "../../vitest.base.ts"

export default project("demo", { maxWorkers: 2 })
