/** What the command's end tells a script. */

/** It ran to its end. Hosts that failed are findings, not failures. */
export const done = 0
/** It could not do what it was asked to; the error says why. */
export const trouble = 1
/** The command line or the configuration is wrong. */
export const usage = 2
/** It ran to its end, and what `--fail-on` names has happened. */
export const found = 3
/** The time that `--deadline` gives was over before the survey was. */
export const deadline = 4
/** 128 + SIGINT, as shells have it. */
export const interrupted = 130
/** 128 + SIGPIPE: whoever read the output has gone. */
export const closedPipe = 141
