/**
 * Every record type. To add one: a file in `types/` with its field table, its two lines here, and its vector in
 * `test/wire/vectors.txt`.
 */
import type { Data } from "./RecordType.ts"
import type { RecordType } from "./RecordType.ts"
import { A } from "./types/A.ts"
import { A6 } from "./types/A6.ts"
import { AAAA } from "./types/AAAA.ts"
import { AFSDB } from "./types/AFSDB.ts"
import { AMTRELAY } from "./types/AMTRELAY.ts"
import { APL } from "./types/APL.ts"
import { ATMA } from "./types/ATMA.ts"
import { AVC } from "./types/AVC.ts"
import { BRID } from "./types/BRID.ts"
import { CAA } from "./types/CAA.ts"
import { CDNSKEY } from "./types/CDNSKEY.ts"
import { CDS } from "./types/CDS.ts"
import { CERT } from "./types/CERT.ts"
import { CLA } from "./types/CLA.ts"
import { CNAME } from "./types/CNAME.ts"
import { CSYNC } from "./types/CSYNC.ts"
import { DHCID } from "./types/DHCID.ts"
import { DLV } from "./types/DLV.ts"
import { DNAME } from "./types/DNAME.ts"
import { DNSKEY } from "./types/DNSKEY.ts"
import { DOA } from "./types/DOA.ts"
import { DS } from "./types/DS.ts"
import { DSYNC } from "./types/DSYNC.ts"
import { EID } from "./types/EID.ts"
import { EUI48 } from "./types/EUI48.ts"
import { EUI64 } from "./types/EUI64.ts"
import { GPOS } from "./types/GPOS.ts"
import { HHIT } from "./types/HHIT.ts"
import { HINFO } from "./types/HINFO.ts"
import { HIP } from "./types/HIP.ts"
import { HTTPS } from "./types/HTTPS.ts"
import { IPN } from "./types/IPN.ts"
import { IPSECKEY } from "./types/IPSECKEY.ts"
import { ISDN } from "./types/ISDN.ts"
import { KEY } from "./types/KEY.ts"
import { KX } from "./types/KX.ts"
import { L32 } from "./types/L32.ts"
import { L64 } from "./types/L64.ts"
import { LOC } from "./types/LOC.ts"
import { LP } from "./types/LP.ts"
import { MB } from "./types/MB.ts"
import { MD } from "./types/MD.ts"
import { MF } from "./types/MF.ts"
import { MG } from "./types/MG.ts"
import { MINFO } from "./types/MINFO.ts"
import { MR } from "./types/MR.ts"
import { MX } from "./types/MX.ts"
import { NAPTR } from "./types/NAPTR.ts"
import { NID } from "./types/NID.ts"
import { NIMLOC } from "./types/NIMLOC.ts"
import { NINFO } from "./types/NINFO.ts"
import { NS } from "./types/NS.ts"
import { NSAP_PTR } from "./types/NSAP-PTR.ts"
import { NSAP } from "./types/NSAP.ts"
import { NSEC } from "./types/NSEC.ts"
import { NSEC3 } from "./types/NSEC3.ts"
import { NSEC3PARAM } from "./types/NSEC3PARAM.ts"
import { NULL } from "./types/NULL.ts"
import { NXNAME } from "./types/NXNAME.ts"
import { NXT } from "./types/NXT.ts"
import { OPENPGPKEY } from "./types/OPENPGPKEY.ts"
import { PTR } from "./types/PTR.ts"
import { PX } from "./types/PX.ts"
import { RESINFO } from "./types/RESINFO.ts"
import { RKEY } from "./types/RKEY.ts"
import { RP } from "./types/RP.ts"
import { RRSIG } from "./types/RRSIG.ts"
import { RT } from "./types/RT.ts"
import { SIG } from "./types/SIG.ts"
import { SINK } from "./types/SINK.ts"
import { SMIMEA } from "./types/SMIMEA.ts"
import { SOA } from "./types/SOA.ts"
import { SPF } from "./types/SPF.ts"
import { SRV } from "./types/SRV.ts"
import { SSHFP } from "./types/SSHFP.ts"
import { SVCB } from "./types/SVCB.ts"
import { TA } from "./types/TA.ts"
import { TALINK } from "./types/TALINK.ts"
import { TKEY } from "./types/TKEY.ts"
import { TLSA } from "./types/TLSA.ts"
import { TSIG } from "./types/TSIG.ts"
import { TXT } from "./types/TXT.ts"
import { UNSPEC } from "./types/UNSPEC.ts"
import { URI } from "./types/URI.ts"
import { WALLET } from "./types/WALLET.ts"
import { WKS } from "./types/WKS.ts"
import { X25 } from "./types/X25.ts"
import { ZONEMD } from "./types/ZONEMD.ts"

/** In the order of their codes. */
export const all = [
  A,
  NS,
  MD,
  MF,
  CNAME,
  SOA,
  MB,
  MG,
  MR,
  NULL,
  WKS,
  PTR,
  HINFO,
  MINFO,
  MX,
  TXT,
  RP,
  AFSDB,
  X25,
  ISDN,
  RT,
  NSAP,
  NSAP_PTR,
  SIG,
  KEY,
  PX,
  GPOS,
  AAAA,
  LOC,
  NXT,
  EID,
  NIMLOC,
  SRV,
  ATMA,
  NAPTR,
  KX,
  CERT,
  A6,
  DNAME,
  SINK,
  APL,
  DS,
  SSHFP,
  IPSECKEY,
  RRSIG,
  NSEC,
  DNSKEY,
  DHCID,
  NSEC3,
  NSEC3PARAM,
  TLSA,
  SMIMEA,
  HIP,
  NINFO,
  RKEY,
  TALINK,
  CDS,
  CDNSKEY,
  OPENPGPKEY,
  CSYNC,
  ZONEMD,
  SVCB,
  HTTPS,
  DSYNC,
  HHIT,
  BRID,
  SPF,
  UNSPEC,
  NID,
  L32,
  L64,
  LP,
  EUI48,
  EUI64,
  NXNAME,
  TKEY,
  TSIG,
  URI,
  CAA,
  AVC,
  DOA,
  AMTRELAY,
  RESINFO,
  WALLET,
  CLA,
  IPN,
  TA,
  DLV
] as const

/** The mnemonics of the types whose rdata is read into fields. */
export type KnownType = (typeof all)[number]["name"]

/** The rdata of each type, by mnemonic. */
export type DataByType = { readonly [T in (typeof all)[number] as T["name"]]: Data<T> }

/** A known record type. */
export type Any = RecordType<string, unknown>

// Nearly all codes are small: an array look-up for those, a map for the rest.
const small: Array<Any | undefined> = Array.from({ length: 272 })
const large = new Map<number, Any>()
const named = new Map<string, Any>()
for (const type of all as ReadonlyArray<Any>) {
  if (type.code < small.length) small[type.code] = type
  else large.set(type.code, type)
  named.set(type.name, type)
}

/** Known types by their code. */
export const byCode = (code: number): Any | undefined => (code < small.length ? small[code] : large.get(code))

/** Known types by their mnemonic. */
export const byName = (name: string): Any | undefined => named.get(name)
