import { defineConfig } from "vitest/config"

export default defineConfig({
  test: { name: "packed", include: ["packed/**/*.test.ts"], hookTimeout: 300_000 }
})
