/** Says what to do where Node is older than the manifest's `engines` ask for; undefined where it is not. */
export const tooOld = (running: string, engines: string): string | undefined => {
  const [is, least] = [parse(running), parse(engines)]
  const isOlder = is[0] < least[0] || (is[0] === least[0] && is[1] < least[1])
  return isOlder
    ? `handoff: this is Node ${running}, and it takes Node ${least.join(".")} or later\n  https://nodejs.org/en/download has it`
    : undefined
}

/** Major and minor of `20.1.0` or `>=22.19.0`. */
const parse = (version: string): readonly [major: number, minor: number] => {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version)!
  return [Number(major), Number(minor)]
}
