/**
 * The numbers of netdb.h and sys/socket.h for where no addon is there to ask the compiler: Linux (glibc and musl agree
 * on all they share), macOS and Windows.
 */
import type { Constants } from "./Backend.ts"

const everywhere = { AF_UNSPEC: 0, AF_INET: 2, SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_RAW: 3 }
const protocols = { IPPROTO_TCP: 6, IPPROTO_UDP: 17, AI_PASSIVE: 1, AI_CANONNAME: 2, AI_NUMERICHOST: 4 }

const linux = {
  AF_INET6: 10,
  AI_V4MAPPED: 0x8,
  AI_ALL: 0x10,
  AI_ADDRCONFIG: 0x20,
  AI_NUMERICSERV: 0x400,
  NI_NUMERICHOST: 1,
  NI_NUMERICSERV: 2,
  NI_NOFQDN: 4,
  NI_NAMEREQD: 8,
  NI_DGRAM: 16,
  EAI_BADFLAGS: -1,
  EAI_NONAME: -2,
  EAI_AGAIN: -3,
  EAI_FAIL: -4,
  EAI_NODATA: -5,
  EAI_FAMILY: -6,
  EAI_SOCKTYPE: -7,
  EAI_SERVICE: -8,
  EAI_ADDRFAMILY: -9,
  EAI_MEMORY: -10,
  EAI_SYSTEM: -11,
  EAI_OVERFLOW: -12
}

const darwin = {
  AF_INET6: 30,
  AI_NUMERICSERV: 0x1000,
  AI_ALL: 0x100,
  AI_ADDRCONFIG: 0x400,
  AI_V4MAPPED: 0x800,
  NI_NOFQDN: 1,
  NI_NUMERICHOST: 2,
  NI_NAMEREQD: 4,
  NI_NUMERICSERV: 8,
  NI_DGRAM: 16,
  EAI_ADDRFAMILY: 1,
  EAI_AGAIN: 2,
  EAI_BADFLAGS: 3,
  EAI_FAIL: 4,
  EAI_FAMILY: 5,
  EAI_MEMORY: 6,
  EAI_NODATA: 7,
  EAI_NONAME: 8,
  EAI_SERVICE: 9,
  EAI_SOCKTYPE: 10,
  EAI_SYSTEM: 11,
  EAI_OVERFLOW: 14
}

const win32 = {
  AF_INET6: 23,
  AI_NUMERICSERV: 0x8,
  AI_ALL: 0x100,
  AI_ADDRCONFIG: 0x400,
  AI_V4MAPPED: 0x800,
  NI_NOFQDN: 1,
  NI_NUMERICHOST: 2,
  NI_NAMEREQD: 4,
  NI_NUMERICSERV: 8,
  NI_DGRAM: 16,
  EAI_AGAIN: 11002,
  EAI_BADFLAGS: 10022,
  EAI_FAIL: 11003,
  EAI_FAMILY: 10047,
  EAI_MEMORY: 8,
  EAI_NONAME: 11001,
  EAI_SERVICE: 10109,
  EAI_SOCKTYPE: 10044
}

const platforms: Readonly<Record<string, Constants>> = { linux, android: linux, darwin, win32 }

/** The numbers of this platform; undefined for one that is not known. */
export const forPlatform = (platform: string = process.platform): Constants | undefined => {
  const own = platforms[platform]
  return own && { ...everywhere, ...protocols, ...own }
}
