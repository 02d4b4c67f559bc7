/**
 * TLS to a name server (RFC 7858, RFC 8310).
 *
 * | endpoint has | profile | who may answer |
 * |---|---|---|
 * | `pins` | strict | a server with one of these keys; no authority is asked (RFC 7858 section 4.2) |
 * | `name` | strict | a server whose certificate is for this name, from an authority that is trusted |
 * | neither | opportunistic | anyone: hides from those who only listen (RFC 8310 section 5) |
 */
import { createHash } from "node:crypto"
import type * as net from "node:net"
import * as tls from "node:tls"
import type { Endpoint } from "../Endpoint.ts"

/** A session to resume, so that the next handshake is shorter. */
export interface Session {
  data: Buffer | undefined
}

/** Options for `tls.connect`, shared with HTTPS. */
export const options = (endpoint: Endpoint): tls.ConnectionOptions => ({
  host: endpoint.address,
  port: endpoint.port,
  minVersion: "TLSv1.2",
  // What we check ourselves below is not checked twice.
  rejectUnauthorized: endpoint.pins === undefined && identity(endpoint) !== undefined,
  ...(endpoint.name === undefined || /^[\d.]+$|:/.test(endpoint.name) ? {} : { servername: endpoint.name }),
  ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca }),
  checkServerIdentity: (_host, certificate) => {
    const name = identity(endpoint)
    return name === undefined ? undefined : tls.checkServerIdentity(name, certificate)
  }
})

/** What the certificate must be for; undefined for anything. */
const identity = (endpoint: Endpoint): string | undefined => endpoint.certificateFor ?? endpoint.name

/** Whether the server has one of the keys that are pinned; true when none are. */
export const isPinned = (endpoint: Endpoint, socket: tls.TLSSocket): boolean => {
  const { pins } = endpoint
  if (pins === undefined) return true
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return false
  const key = certificate.publicKey.export({ type: "spki", format: "der" })
  return pins.includes(createHash("sha256").update(key).digest("base64"))
}

/** The error of a server whose key is none of those pinned. */
export const notPinned = (): Error & { readonly code: string } =>
  Object.assign(new Error("the server's key is none of those pinned"), { code: "ERR_TLS_PIN" })

/** A connection; `onOpen` is called when the handshake is done and the server is who it should be. */
export const connect = (endpoint: Endpoint, session: Session, onOpen: () => void): net.Socket => {
  const socket = tls.connect({
    ...options(endpoint),
    ALPNProtocols: ["dot"],
    ...(session.data === undefined ? {} : { session: session.data })
  })
  socket.setNoDelay(true)
  socket.on("session", (data: Buffer) => {
    session.data = data
  })
  socket.on("secureConnect", () => {
    if (isPinned(endpoint, socket)) return onOpen()
    socket.destroy(notPinned())
  })
  return socket
}
