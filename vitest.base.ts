import { defineProject } from "vitest/config"

/** What every project's tests have in common; each has a `vitest.config.ts` of its own, so that `vitest` starts in its folder. */
export const project = (name: string) =>
  defineProject({
    ssr: { resolve: { conditions: ["@handoff/source"] } },
    test: {
      name,
      include: ["test/**/*.test.ts"],
      // Nx asks for colours; the programs that tests start are to say plain texts.
      env: { FORCE_COLOR: "0" },
      testTimeout: 30_000,
      hookTimeout: 60_000
    }
  })
