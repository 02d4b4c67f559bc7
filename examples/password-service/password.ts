/** Passwords, on a thread: to be slow is their purpose, so the service must never do this on its loop. */
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto"

/** `salt:hash`, both in hex; about 50 ms and 16 MiB of work. */
export const hash = (password: string): string => {
  const salt = randomBytes(16)
  return `${salt.toString("hex")}:${scryptSync(password, salt, 32).toString("hex")}`
}

export const verify = (password: string, stored: string): boolean => {
  const [salt = "", expected = ""] = stored.split(":")
  const actual = scryptSync(password, Buffer.from(salt, "hex"), 32)
  return timingSafeEqual(actual, Buffer.from(expected, "hex"))
}
