export * as Contract from "./Contract.ts"
export { contract } from "./Contract.ts"
export * as Random from "./Random.ts"
export * as Stepper from "./Stepper.ts"
