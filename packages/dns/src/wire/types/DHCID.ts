import { base64Rest } from "../fields/blobs.ts"
import * as RecordType from "../RecordType.ts"

/** DHCP client identity: RFC 4701. */
export const DHCID = RecordType.makeInternet("DHCID", 49, { digest: base64Rest })
