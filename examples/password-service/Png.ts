/**
 * Images as PNG (RFC 2083, by its chunks and filters): eight bits a channel, grey, colour, with or without transparency,
 * not interlaced. Everything else is refused: this is an example, not a library.
 */
import { crc32, deflateSync, inflateSync } from "node:zlib"

export interface Image {
  readonly width: number
  readonly height: number
  /** Octets for each pixel: 1 grey, 2 grey and alpha, 3 colour, 4 colour and alpha. */
  readonly channels: number
  /** Row by row from the top. */
  readonly pixels: Uint8Array
}

/** Pixels of an image at most; a small file can unpack to a very large one. */
const mostPixels = 40_000_000

const signature = Buffer.from("89504e470d0a1a0a", "hex")
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 }

export const decode = (octets: Uint8Array): Image => {
  const file = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  if (!file.subarray(0, 8).equals(signature)) throw new RangeError("this is no PNG")
  let header: Omit<Image, "pixels"> | undefined
  const packed: Array<Buffer> = []
  for (let at = 8; at + 12 <= file.length;) {
    const length = file.readUInt32BE(at)
    const type = file.toString("latin1", at + 4, at + 8)
    const data = file.subarray(at + 8, at + 8 + length)
    if (type === "IHDR") header = readHeader(data)
    if (type === "IDAT") packed.push(data)
    at += 12 + length
  }
  if (header === undefined) throw new RangeError("a PNG without a header")
  const { channels, height, width } = header
  const stride = width * channels
  const rows = inflateSync(Buffer.concat(packed), { maxOutputLength: height * (stride + 1) })
  if (rows.length !== height * (stride + 1)) throw new RangeError("a PNG that is cut off")
  const pixels = new Uint8Array(height * stride)
  for (let y = 0; y < height; y++) unfilter(rows, pixels, y, stride, channels)
  return { ...header, pixels }
}

const readHeader = (data: Buffer): Omit<Image, "pixels"> => {
  const [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)]
  const channels = channelsOf[data[9]!]
  if (data[8] !== 8 || channels === undefined || data[12] !== 0) {
    throw new RangeError("only eight bits a channel, without palette or interlacing")
  }
  if (width < 1 || height < 1 || width * height > mostPixels) throw new RangeError(`${width} by ${height} is too large`)
  return { width, height, channels }
}

/** A row was written as its difference from its left, upper and upper left neighbours (section 6). */
const unfilter = (rows: Uint8Array, pixels: Uint8Array, y: number, stride: number, channels: number): void => {
  const from = y * (stride + 1)
  const filter = rows[from]!
  const to = y * stride
  for (let x = 0; x < stride; x++) {
    const left = x < channels ? 0 : pixels[to + x - channels]!
    const up = y === 0 ? 0 : pixels[to + x - stride]!
    const corner = x < channels || y === 0 ? 0 : pixels[to + x - stride - channels]!
    pixels[to + x] = rows[from + 1 + x]! + predicted(filter, left, up, corner)
  }
}

const predicted = (filter: number, left: number, up: number, corner: number): number => {
  switch (filter) {
    case 0:
      return 0
    case 1:
      return left
    case 2:
      return up
    case 3:
      return (left + up) >> 1
    case 4: {
      const guess = left + up - corner
      const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
      return a <= b && a <= c ? left : b <= c ? up : corner
    }
    default:
      throw new RangeError(`filter ${filter} is unknown`)
  }
}

export const encode = ({ channels, height, pixels, width }: Image): Uint8Array => {
  const stride = width * channels
  const rows = Buffer.alloc(height * (stride + 1))
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  header[9] = Number(Object.entries(channelsOf).find(([, one]) => one === channels)![0])
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0))
  ])
}

const chunk = (type: string, data: Buffer): Buffer => {
  const out = Buffer.alloc(12 + data.length)
  out.writeUInt32BE(data.length, 0)
  out.write(type, 4, "latin1")
  out.set(data, 8)
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length)
  return out
}

/** An image of another width, its height in proportion: each pixel is the mean of those that it covers. */
export const resize = (image: Image, width: number): Image => {
  if (!Number.isInteger(width) || width < 1 || width > image.width) {
    throw new RangeError(`a width from 1 to ${image.width}, not ${width}`)
  }
  const { channels } = image
  const height = Math.max(1, Math.round((image.height * width) / image.width))
  const pixels = new Uint8Array(width * height * channels)
  for (let y = 0; y < height; y++) {
    const top = Math.floor((y * image.height) / height)
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * image.height) / height))
    for (let x = 0; x < width; x++) {
      const left = Math.floor((x * image.width) / width)
      const right = Math.max(left + 1, Math.floor(((x + 1) * image.width) / width))
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) {
            sum += image.pixels[(row * image.width + column) * channels + channel]!
          }
        }
        pixels[(y * width + x) * channels + channel] = Math.round(sum / ((bottom - top) * (right - left)))
      }
    }
  }
  return { width, height, channels, pixels }
}
