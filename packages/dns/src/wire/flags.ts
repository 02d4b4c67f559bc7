/** The flags of a header, as bits of its second 16 (RFC 1035 4.1.1, RFC 4035 3.2). */
export const QR = 0x8000
export const AA = 0x0400
export const TC = 0x0200
export const RD = 0x0100
export const RA = 0x0080
export const Z = 0x0040
export const AD = 0x0020
export const CD = 0x0010
