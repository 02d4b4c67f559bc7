/**
 * What a survey that runs says of itself: the words between the process that surveys, the server and the page. Data
 * only, and nothing in it needs Node or a browser.
 */

/** Who runs what, as the command line has it. */
export interface Choice {
  readonly executor: ReadonlyArray<string>
  readonly lookup?: string | undefined
  readonly exchange?: string | undefined
  readonly call?: string | undefined
}

/** One thing of many that a strategy has, such as a worker, and its figures. */
export interface Member {
  /** `worker`, `runner`: what it is one of. */
  readonly kind: string
  readonly id: string
  readonly figures: Readonly<Record<string, number>>
}

/** A strategy's counters. Those but `running` and `queued` only grow. */
export interface Strategy {
  readonly name: string
  readonly running: number
  readonly queued: number
  readonly done: number
  readonly failed: number
  readonly lost: number
  readonly cancelled: number
  /** Its own figures, by name. */
  readonly figures: Readonly<Record<string, number>>
  readonly members: ReadonlyArray<Member>
}

/** Everything there is to measure, at one moment. */
export interface Sample {
  /** Milliseconds since the survey began. */
  readonly at: number
  readonly done: number
  readonly failed: number
  readonly rejected: number
  /** Hosts in all, where that is known. */
  readonly total: number | undefined
  readonly strategies: ReadonlyArray<Strategy>
  /** Milliseconds by which the event loop was late, since the sample before. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Processor seconds of all threads, since the survey began. */
  readonly cpuSeconds: number
  readonly memoryMiB: number
}

/** A host that has been surveyed, as a row. */
export interface Row {
  readonly line: number
  readonly host: string
  readonly state: "done" | "failed"
  /** What was found, or what went wrong, in a few words. */
  readonly says: string
}

/** A line that could not be read. */
export interface Reject {
  readonly line: number
  readonly excerpt: string
  readonly reason: string
}

/** What is being surveyed. */
export interface Survey {
  readonly id: number
  readonly title: string
  readonly choice: Choice
  /** Milliseconds since 1970. */
  readonly began: number
}

/** When the strategies were changed. */
export interface Switched {
  readonly at: number
  readonly choice: Choice
}

/** How it ended. */
export interface End {
  readonly how: "finished" | "stopped" | "deadline" | "failed"
  /** What went wrong, and what to do. */
  readonly problem?: string | undefined
  /** Its number in the store, if it came so far. */
  readonly run?: number | undefined
}

export type Event =
  | { readonly _tag: "Phase"; readonly phase: string }
  | { readonly _tag: "Began"; readonly choice: Choice; readonly run: number; readonly note?: string | undefined }
  | { readonly _tag: "Sample"; readonly sample: Sample }
  | { readonly _tag: "Rows"; readonly rows: ReadonlyArray<Row> }
  | { readonly _tag: "Rejected"; readonly rejects: ReadonlyArray<Reject> }
  | { readonly _tag: "Switched"; readonly switched: Switched }
  | { readonly _tag: "NotSwitched"; readonly problem: string }
  | { readonly _tag: "Ended"; readonly end: End }

/** Where a survey stands; `phase` says what is being done while it is `starting`. */
export interface State {
  readonly status: "idle" | "starting" | "running" | "stopping" | "over"
  readonly phase: string
  readonly survey: Survey | undefined
  readonly choice: Choice | undefined
  readonly note: string | undefined
  readonly samples: ReadonlyArray<Sample>
  readonly switches: ReadonlyArray<Switched>
  /** The last ones, newest first. */
  readonly rows: ReadonlyArray<Row>
  readonly rejects: ReadonlyArray<Reject>
  readonly end: End | undefined
}

/** What a browser is told: everything, when it comes or has missed something; then what happens. */
export type Message =
  | { readonly _tag: "State"; readonly state: State }
  | { readonly _tag: "Stopping" }
  | { readonly _tag: "Started"; readonly survey: Survey }
  | Event
