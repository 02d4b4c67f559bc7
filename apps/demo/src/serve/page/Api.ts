/** What the page asks of its server. */
import type { Problem } from "../shared/Api.ts"

/** The server said no: why, and what is wrong with which field. */
export class Refused extends Error {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  constructor(status: number, problem: Problem) {
    super(problem.detail)
    this.status = status
    this.fields = problem.fields
  }
}

export const get = async <A>(path: string): Promise<A> => (await ask(path, {})).json() as Promise<A>

export const post = async (path: string, form: unknown = {}): Promise<void> => {
  await ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(form) })
}

const ask = async (path: string, init: RequestInit): Promise<Response> => {
  let response: Response
  try {
    response = await fetch(path, init)
  } catch {
    throw new Refused(0, { detail: "the server does not answer: is handoff serve still running?", fields: {} })
  }
  if (response.ok) return response
  const problem = (await response.json().catch(() => undefined)) as Problem | undefined
  throw new Refused(response.status, problem ?? { detail: `the server answered ${response.status}`, fields: {} })
}
