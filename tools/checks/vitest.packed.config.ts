import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    name: "packed",
    include: ["packed/**/*.test.ts"],
    globalSetup: "packed/pack.ts",
    env: { FORCE_COLOR: "0" },
    hookTimeout: 300_000,
    maxWorkers: 2
  }
})
