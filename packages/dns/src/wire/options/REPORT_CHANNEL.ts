import * as EdnsOptionType from "../EdnsOptionType.ts"
import { name } from "../fields/names.ts"

/** The agent to report errors to: RFC 9567 6.1. */
export const REPORT_CHANNEL = EdnsOptionType.make("REPORT-CHANNEL", 18, { agent: name })
