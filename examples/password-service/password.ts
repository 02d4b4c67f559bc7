/** Runs on a thread: what the service must never do on its loop. */
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto"
import { gzipSync } from "node:zlib"

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

/** Halves a grey image of `width` columns by the mean of each 2 by 2 square, and packs it. */
export const thumbnail = (pixels: Uint8Array, width: number): Uint8Array => {
  const height = pixels.length / width
  const half = new Uint8Array((width >> 1) * (height >> 1))
  for (let y = 0; y + 1 < height; y += 2) {
    for (let x = 0; x + 1 < width; x += 2) {
      const at = y * width + x
      const sum = pixels[at]! + pixels[at + 1]! + pixels[at + width]! + pixels[at + width + 1]!
      half[(y >> 1) * (width >> 1) + (x >> 1)] = sum >> 2
    }
  }
  return gzipSync(half)
}
