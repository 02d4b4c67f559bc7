/** Runs something, and collects what became an uncaught error meanwhile, which the test runner would fail for. */
export const uncaughtIn = async (run: () => Promise<void>): Promise<ReadonlyArray<unknown>> => {
  const heard: Array<unknown> = []
  const others = process.listeners("uncaughtException")
  process.removeAllListeners("uncaughtException")
  process.on("uncaughtException", (error) => heard.push(error))
  try {
    await run()
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.removeAllListeners("uncaughtException")
    for (const other of others) process.on("uncaughtException", other)
  }
  return heard
}
