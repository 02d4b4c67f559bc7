/**
 * Extension mechanisms, version 0 (RFC 6891): what the OPT pseudo-record says. The upper bits of the response code are in
 * `Message.rcode`, where the code is whole.
 */
import { fail } from "./DecodeError.ts"
import * as EdnsOptions from "./EdnsOptions.ts"
import * as EncodeError from "./EncodeError.ts"
import type { Reader } from "./Reader.ts"
import { shared, type Writer } from "./Writer.ts"

export interface Edns {
  /** Octets of UDP payload that the sender can take. */
  readonly udpPayloadOctets: number
  readonly version: number
  /** DO: send DNSSEC records (RFC 3225). */
  readonly dnssecOk: boolean
  /** The 15 flags after DO, all unassigned but kept. */
  readonly reservedFlags: number
  /** In the order of the message; an option may be there twice. */
  readonly options: ReadonlyArray<EdnsOption>
}

/** An option of a code that we have no fields for. */
export interface GenericOption {
  readonly option: `OPT${number}`
  readonly data: { readonly octets: Uint8Array }
}

/** The option with this name. */
export type OptionOf<O extends EdnsOptions.KnownOption> = {
  readonly [K in O]: { readonly option: K; readonly data: EdnsOptions.DataByOption[K] }
}[O]

/** `option` tells what `data` is. */
export type EdnsOption = OptionOf<EdnsOptions.KnownOption> | GenericOption

/**
 * 1,232 octets of payload unless told: what fits in the smallest IPv6 packet, so never fragmented (DNS flag day 2020).
 */
export const make = (fields: Partial<Edns> = {}): Edns => ({
  udpPayloadOctets: 1_232,
  version: 0,
  dnssecOk: false,
  reservedFlags: 0,
  options: [],
  ...fields
})

/** What the first option of this name holds. */
export const find = <O extends EdnsOptions.KnownOption>(
  self: Edns | undefined,
  option: O
): EdnsOptions.DataByOption[O] | undefined => {
  if (self === undefined) return undefined
  for (const candidate of self.options) {
    if (candidate.option === option) return candidate.data as EdnsOptions.DataByOption[O]
  }
  return undefined
}

/** @internal Reads an OPT record whose type is at `fixed`. Checked before, by `check`. */
export const read = (reader: Reader, fixed: number): Edns => {
  const octets = reader.octets
  return {
    udpPayloadOctets: (octets[fixed + 2]! << 8) | octets[fixed + 3]!,
    version: octets[fixed + 5]!,
    dnssecOk: octets[fixed + 6]! >= 0x80,
    reservedFlags: ((octets[fixed + 6]! & 0x7f) << 8) | octets[fixed + 7]!,
    options: readOptions(reader, fixed)
  }
}

const readOptions = (reader: Reader, fixed: number): ReadonlyArray<EdnsOption> => {
  const end = enter(reader, fixed)
  const options: Array<EdnsOption> = []
  while (reader.offset < end) {
    reader.end = end
    const code = reader.u16()
    const length = reader.u16()
    const start = reader.skip(length)
    const type = EdnsOptions.byCode(code)
    reader.offset = start
    reader.end = start + length
    options.push(
      (type === undefined
        ? { option: `OPT${code}`, data: { octets: reader.rest() } }
        : { option: type.name, data: type.read(reader) }) as EdnsOption
    )
  }
  return options
}

/** @internal Throws `DecodeError` when an option runs past the end, or is not what its code says. */
export const check = (reader: Reader, fixed: number): void => {
  const end = enter(reader, fixed)
  while (reader.offset < end) {
    reader.end = end
    const code = reader.u16()
    const length = reader.u16()
    const start = reader.skip(length)
    const type = EdnsOptions.byCode(code)
    if (type === undefined) continue
    reader.offset = start
    reader.end = start + length
    type.check(reader)
  }
}

const enter = (reader: Reader, fixed: number): number => {
  const octets = reader.octets
  const end = fixed + 10 + ((octets[fixed + 8]! << 8) | octets[fixed + 9]!)
  if (octets[fixed - 1] !== 0) fail("edns", fixed, "OPT not owned by the root")
  reader.offset = fixed + 10
  return end
}

/** @internal Writes the OPT record. Throws `EncodeError`. */
export const write = (writer: Writer, edns: Edns, rcode: number): void => {
  writer.u8(0)
  writer.u16(41)
  writer.u16(edns.udpPayloadOctets)
  writer.u8(rcode >> 4)
  writer.u8(edns.version)
  if (edns.reservedFlags > 0x7fff) EncodeError.fail(`reserved flags over 15 bits: ${edns.reservedFlags}`)
  writer.u16((edns.dnssecOk ? 0x8000 : 0) | edns.reservedFlags)
  const start = writer.open()
  for (const option of edns.options) writeOption(writer, option)
  writer.close(start)
}

const writeOption = (writer: Writer, { option, data }: EdnsOption): void => {
  const type = EdnsOptions.byName(option)
  writer.u16(type?.code ?? codeOf(option))
  const start = writer.open()
  if (type === undefined) writer.bytes((data as GenericOption["data"]).octets)
  else type.write(writer, data)
  writer.close(start)
}

/** An option as octets: code, length, content. Throws `EncodeError`. */
export const optionOctets = (option: EdnsOption): Uint8Array => {
  shared.start(false)
  writeOption(shared, option)
  return shared.take()
}

/** The code of a mnemonic or of `OPT123`. Throws `EncodeError`. */
export const codeOf = (option: string): number => {
  const type = EdnsOptions.byName(option)
  if (type !== undefined) return type.code
  const digits = /^OPT([0-9]{1,5})$/.exec(option)
  const code = digits === null ? -1 : Number(digits[1])
  return code >= 0 && code <= 0xffff ? code : EncodeError.fail(`unknown EDNS option ${option}`)
}
