export { EaiError, type Fault } from "./EaiError.ts"
export { LibcUnavailable } from "./LibcUnavailable.ts"
export * as Libc from "./module.ts"
export type {
  ArgumentsOf,
  ArgumentType,
  ArgumentValues,
  FailsBy,
  ResultOf,
  ResultType,
  ResultValues,
  Signature
} from "./Signature.ts"
export { CFunction, CFunctionError } from "./tasks/CFunction.ts"
export { GetAddrInfo } from "./tasks/GetAddrInfo.ts"
export { GetHostByAddress, GetHostByName } from "./tasks/GetHost.ts"
export { GetNameInfo } from "./tasks/GetNameInfo.ts"
