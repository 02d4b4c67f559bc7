export * as Bench from "./Bench.ts"
export * as Markdown from "./Markdown.ts"
export * as Report from "./Report.ts"
export * as Runner from "./Runner.ts"
