/**
 * The tasks of a message, packed when the message is sent. The engine sends a volatile message again when a runner dies;
 * what was answered or given up until then must not travel with it, so each time it is asked anew what there is.
 */
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

export class Parcel {
  /** `Wire.pack`ed tasks; called once for every time that they are sent, and by who reads them. */
  readonly octets: () => Uint8Array
  constructor(octets: () => Uint8Array) {
    this.octets = octets
  }
}

/** Octets on the wire. */
export const schema = Schema.Uint8Array.pipe(
  Schema.decodeTo(Schema.instanceOf(Parcel), {
    decode: SchemaGetter.transform((octets: Uint8Array) => new Parcel(() => octets)),
    encode: SchemaGetter.transform((parcel: Parcel) => parcel.octets())
  })
)
