/** What a survey's messages add up to: the same on the server, for browsers that come later, and in each browser. */
import type { Message, Sample, State } from "./Event.ts"

/** Rows and rejects that are kept for show; all of them are in the store and the report. */
const rowsKept = 100

/** Samples that are kept. When there are more, every second one goes: a survey of hours fits, more coarsely. Even. */
export const samplesKept = 720

export const idle: State = {
  status: "idle",
  phase: "",
  survey: undefined,
  choice: undefined,
  note: undefined,
  samples: [],
  switches: [],
  rows: [],
  rejects: [],
  end: undefined
}

export const step = (state: State, message: Message): State => {
  switch (message._tag) {
    case "State":
      return message.state
    case "Started":
      return { ...idle, status: "starting", phase: "Starting", survey: message.survey, choice: message.survey.choice }
    case "Stopping":
      return { ...state, status: "stopping" }
    case "Phase":
      return { ...state, phase: message.phase }
    case "Began":
      return {
        ...state,
        status: state.status === "stopping" ? "stopping" : "running",
        choice: message.choice,
        note: message.note
      }
    case "Sample":
      return { ...state, samples: thin([...state.samples, message.sample]) }
    case "Rows":
      return { ...state, rows: [...message.rows.toReversed(), ...state.rows].slice(0, rowsKept) }
    case "Rejected":
      return { ...state, rejects: [...state.rejects, ...message.rejects].slice(0, rowsKept) }
    case "Switched":
      return { ...state, choice: message.switched.choice, switches: [...state.switches, message.switched] }
    case "NotSwitched":
      return state
    case "Ended":
      return { ...state, status: "over", end: message.end }
  }
}

/** One more than is kept is an odd number, so of every second one both the first and the newest stay. */
const thin = (samples: ReadonlyArray<Sample>): ReadonlyArray<Sample> =>
  samples.length <= samplesKept ? samples : samples.filter((_, index) => index % 2 === 0)
