/**
 * What a network does to a packet on its way: pure functions from one delivery to none, one or several, so that they
 * compose. `FakeNetwork` applies them to what peers send and to what is sent to them.
 *
 * A stream (TCP) neither loses nor repeats nor reorders octets: of these conditions only `delay` and `truncate` touch
 * one, and `truncate` ends it there.
 */
import type * as Random from "../Random.ts"

/** A packet, or a chunk of a stream, on its way. */
export interface Delivery {
  readonly octets: Uint8Array
  /** Milliseconds until it arrives. */
  readonly after: number
  /** The stream ends behind it. */
  readonly ends?: boolean
}

/** Of which packet a condition is asked. */
export interface Route {
  readonly peer: string
  readonly direction: "to the peer" | "from the peer"
  readonly transport: "tcp" | "udp" | "tls"
  /** Counts the packets of this peer and direction from 1. */
  readonly number: number
}

/** What becomes of a delivery on its way: it may be lost, doubled, delayed or changed. */
export type Condition = (delivery: Delivery, route: Route, random: Random.Random) => ReadonlyArray<Delivery>

/** Which packets: those with these numbers, or a share of all by chance. Default: all. */
export interface Selection {
  readonly numbers?: ReadonlyArray<number>
  /** From 0 to 1. */
  readonly share?: number
  readonly direction?: Route["direction"]
}

const selects = ({ direction, numbers, share }: Selection, route: Route, random: Random.Random): boolean =>
  (direction === undefined || direction === route.direction) &&
  (numbers === undefined || numbers.includes(route.number)) &&
  (share === undefined || random.next() < share)

const where =
  (
    selection: Selection,
    condition: (delivery: Delivery, random: Random.Random) => ReadonlyArray<Delivery>
  ): Condition =>
  (delivery, route, random) =>
    selects(selection, route, random) ? condition(delivery, random) : [delivery]

const datagramsOnly =
  (condition: Condition): Condition =>
  (delivery, route, random) =>
    route.transport === "udp" ? condition(delivery, route, random) : [delivery]

/** Packets do not arrive. */
export const lose = (selection: Selection = {}): Condition => datagramsOnly(where(selection, () => []))

/** Packets arrive twice, the copy `after` milliseconds later. */
export const duplicate = (selection: Selection & { readonly after?: number } = {}): Condition =>
  datagramsOnly(
    where(selection, (delivery) => [delivery, { ...delivery, after: delivery.after + (selection.after ?? 0) }])
  )

/** Packets arrive later, by at least `least` and at most `most` milliseconds. */
export const delay = (selection: Selection & { readonly least: number; readonly most?: number }): Condition =>
  where(selection, (delivery, random) => {
    const { least, most = least } = selection
    return [{ ...delivery, after: delivery.after + least + random.next() * (most - least) }]
  })

/** Packets are overtaken by those sent within the next `by` milliseconds. */
export const reorder = (selection: Selection & { readonly by: number }): Condition =>
  datagramsOnly(where(selection, (delivery) => [{ ...delivery, after: delivery.after + selection.by }]))

/** Only the first octets arrive; a stream ends there. */
export const truncate = (selection: Selection & { readonly octets: number }): Condition =>
  where(selection, (delivery) =>
    delivery.octets.length <= selection.octets
      ? [delivery]
      : [{ ...delivery, octets: delivery.octets.slice(0, selection.octets), ends: true }]
  )

/** One after the other: the second sees what the first lets through. */
export const all = (conditions: ReadonlyArray<Condition>): Condition => {
  const [first, ...rest] = conditions
  if (first === undefined) return (delivery) => [delivery]
  const then = all(rest)
  return (delivery, route, random) => first(delivery, route, random).flatMap((one) => then(one, route, random))
}
