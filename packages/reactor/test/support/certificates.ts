/** Certificates made by openssl(1) in a temporary folder: an authority, a server of it, and ones that must fail. */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

export interface Pair {
  readonly cert: string
  readonly key: string
}

export interface Certificates {
  readonly ca: string
  /** For `good.example.org`, `127.0.0.1` and `::1`. */
  readonly good: Pair
  /** For `other.example.org`. */
  readonly other: Pair
  readonly expired: Pair
  readonly selfSigned: Pair
}

let made: Certificates | undefined

export const certificates = (): Certificates => (made ??= make())

const make = (): Certificates => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "reactor-tls-"))
  const openssl = (...args: ReadonlyArray<string>): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "pipe" })
  }
  const read = (name: string): string => fs.readFileSync(path.join(folder, name), "utf8")
  const key = (name: string): void =>
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}.key`)
  try {
    key("ca")
    openssl("req", "-x509", "-key", "ca.key", "-subj", "/CN=test authority", "-days", "3650", "-out", "ca.pem")
    const signed = (name: string, names: string, ...validity: ReadonlyArray<string>): Pair => {
      key(name)
      fs.writeFileSync(path.join(folder, `${name}.ext`), `subjectAltName=${names}\n`)
      openssl("req", "-new", "-key", `${name}.key`, "-subj", `/CN=${name}`, "-out", `${name}.csr`)
      openssl(
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-extfile",
        `${name}.ext`,
        "-out",
        `${name}.pem`,
        ...validity
      )
      return { cert: read(`${name}.pem`), key: read(`${name}.key`) }
    }
    const good = signed("good", "DNS:good.example.org,IP:127.0.0.1,IP:::1", "-days", "3650")
    const other = signed("other", "DNS:other.example.org", "-days", "3650")
    // openssl before 3.4 has no -not_after for x509; a validity in the past needs a negative number of days.
    const expired = signed("expired", "DNS:good.example.org,IP:127.0.0.1", "-days", "-1")
    key("self")
    openssl(
      "req",
      "-x509",
      "-key",
      "self.key",
      "-subj",
      "/CN=self",
      "-days",
      "3650",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-out",
      "self.pem"
    )
    return { ca: read("ca.pem"), good, other, expired, selfSigned: { cert: read("self.pem"), key: read("self.key") } }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}
