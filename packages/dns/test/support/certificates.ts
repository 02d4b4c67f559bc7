/** Certificates made by openssl(1): an authority, and a server of it for `dns.example` and 127.0.0.1. */
import { execFileSync } from "node:child_process"
import { createHash, X509Certificate } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

export interface Certificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
  /** SHA-256 of the server's public key, base64. */
  readonly pin: string
}

let made: Certificates | undefined

export const certificates = (): Certificates => (made ??= make())

const make = (): Certificates => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "handoff-dns-tls-"))
  const openssl = (...args: ReadonlyArray<string>): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" })
  }
  const read = (name: string): string => fs.readFileSync(path.join(folder, name), "utf8")
  try {
    for (const name of ["ca", "server"]) {
      openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}.key`)
    }
    openssl("req", "-x509", "-key", "ca.key", "-subj", "/CN=test authority", "-days", "3650", "-out", "ca.pem")
    fs.writeFileSync(path.join(folder, "ext"), "subjectAltName=DNS:dns.example,IP:127.0.0.1\n")
    openssl("req", "-new", "-key", "server.key", "-subj", "/CN=dns.example", "-out", "csr")
    const sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ext", "-days", "3650"]
    openssl("x509", "-req", "-in", "csr", ...sign, "-out", "server.pem")
    const cert = read("server.pem")
    const spki = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" })
    return {
      ca: read("ca.pem"),
      cert,
      key: read("server.key"),
      pin: createHash("sha256").update(spki).digest("base64")
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}
