/** The root's name servers and keys (IANA: `named.root`, `root-anchors.xml`), where iteration and trust begin. */
import { Name } from "../wire/index.ts"
import * as RRset from "../zone/RRset.ts"
import * as types from "../zone/types.ts"
import type { Delegation } from "./Delegation.ts"

const addresses: { readonly [letter: string]: readonly [string, string] } = {
  a: ["198.41.0.4", "2001:503:ba3e::2:30"],
  b: ["170.247.170.2", "2801:1b8:10::b"],
  c: ["192.33.4.12", "2001:500:2::c"],
  d: ["199.7.91.13", "2001:500:2d::d"],
  e: ["192.203.230.10", "2001:500:a8::e"],
  f: ["192.5.5.241", "2001:500:2f::f"],
  g: ["192.112.36.4", "2001:500:12::d0d"],
  h: ["198.97.190.53", "2001:500:1::53"],
  i: ["192.36.148.17", "2001:7fe::53"],
  j: ["192.58.128.30", "2001:503:c27::2:30"],
  k: ["193.0.14.129", "2001:7fd::1"],
  l: ["199.7.83.42", "2001:500:9f::42"],
  m: ["202.12.27.33", "2001:dc3::35"]
}

/** The thirteen servers of the root. */
export const root: Delegation = {
  zone: Name.root,
  servers: Object.entries(addresses).map(([letter, list]) => ({
    name: Name.fromText(`${letter}.root-servers.net.`),
    addresses: list
  })),
  until: Infinity
}

const ds = (tag: number, digest: string) =>
  RRset.recordOf({
    name: Name.root,
    type: types.DS,
    ttl: 86_400,
    rdata: Buffer.concat([Uint8Array.of(tag >> 8, tag & 255, 8, 2), Buffer.from(digest, "hex")])
  })

/** The root's trust anchors: the keys of 2017 and 2024. */
export const anchors = [
  ds(20326, "E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"),
  ds(38696, "683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16")
]
