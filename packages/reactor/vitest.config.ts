import { defineProject } from "vitest/config"

export default defineProject({
  ssr: { resolve: { conditions: ["@handoff/source"] } },
  test: { name: "reactor", include: ["test/**/*.test.ts"], testTimeout: 30_000, hookTimeout: 60_000 }
})
