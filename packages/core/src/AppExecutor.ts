import * as Context from "effect/Context"
import type { Executor } from "./Executor.ts"
import type { Shared } from "./tasks/Shared.ts"

/**
 * The executor of an app, for the shared kinds; which strategies stand behind it is the layer's choice. What it cannot
 * run it answers with `Unsupported`, because only configuration knows. An app with kinds of its own declares a service
 * of its own beside it.
 */
export class AppExecutor extends Context.Service<AppExecutor, Executor<Shared>>()("@handoff/core/AppExecutor") {}
