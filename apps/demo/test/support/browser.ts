/** The browser that tests drive: Debian's Chromium, or what else of its kind is here. */
import * as Fs from "node:fs"
import { type Browser, chromium } from "playwright-core"

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) =>
  Fs.existsSync(file)
)

/** Why there is none here, or undefined. */
export const absent: string | undefined =
  executablePath === undefined ? "there is no Chromium here (Debian: apt install chromium)" : undefined

/** Starts one; as root it has no sandbox. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: executablePath!,
    args: ["--disable-dev-shm-usage", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])]
  })
