/** What happens at the server, for as long as the page is open: it comes back by itself when the server does. */
import type { Message } from "../shared/Event.ts"
import { get, Refused } from "./Api.ts"

export type State = "connected" | "gone" | "refused"

export interface Listener {
  readonly message: (message: Message) => void
  readonly state: (state: State) => void
}

/** Milliseconds before the next try, while a browser has given up by itself. */
const patience = 1_500

export const open = (listener: Listener): void => {
  const connect = (): void => {
    const source = new EventSource("/api/events")
    source.addEventListener("open", () => listener.state("connected"))
    source.addEventListener("message", (event) => listener.message(JSON.parse(event.data as string) as Message))
    source.addEventListener("error", () => {
      // A browser that goes on trying says so; one that has given up was refused, or thinks that it was.
      if (source.readyState !== EventSource.CLOSED) return listener.state("gone")
      void get("/api/options").then(
        () => setTimeout(connect, patience),
        (error: unknown) => {
          const isRefused = error instanceof Refused && error.status > 0
          listener.state(isRefused ? "refused" : "gone")
          setTimeout(connect, isRefused ? 4 * patience : patience)
        }
      )
    })
  }
  connect()
}
