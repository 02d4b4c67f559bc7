import { defineConfig } from "vitest/config"

export default defineConfig({
  test: { name: "site", include: ["site/**/*.test.ts"], env: { FORCE_COLOR: "0" }, testTimeout: 120_000 }
})
