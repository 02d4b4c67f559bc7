/**
 * The pure cores whose tests are themselves tested: which files are changed, which tests must notice, and the least share
 * of changes that they notice. `docs/mutation.md` explains those that they do not.
 */
export const cores = {
  "pool-policy": {
    folder: "packages/threads",
    mutate: ["src/Pool.ts", "src/Waiting.ts"],
    tests: [
      "test/Pool.test.ts",
      "test/PoolCalls.test.ts",
      "test/PoolLives.test.ts",
      "test/PoolPlaces.test.ts",
      "test/PoolRoom.test.ts",
      "test/PoolModel.test.ts",
      "test/Waiting.test.ts"
    ],
    least: 95
  },
  resolution: {
    folder: "packages/dns",
    mutate: ["src/resolution.ts", "src/search.ts"],
    tests: ["test/resolution.test.ts"],
    least: 98
  },
  framing: {
    folder: "packages/reactor",
    mutate: ["src/framing/*.ts"],
    leave: ["src/framing/index.ts"],
    tests: ["test/framing.test.ts"],
    least: 98
  },
  "codec-bounds": {
    folder: "packages/dns",
    mutate: ["src/wire/Reader.ts", "src/wire/Name.ts"],
    tests: [
      "test/wire/Name.test.ts",
      "test/wire/Message.test.ts",
      "test/wire/safety.test.ts",
      "test/wire/types.test.ts"
    ],
    least: 94
  }
}
