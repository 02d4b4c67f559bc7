/** Records as people ask for them: a type, or a policy that lives in the text records of some name. */

export interface Wanted {
  /** As it was asked for: `MX`, `DMARC`. */
  readonly word: string
  /** Whom to ask. */
  readonly name: (host: string) => string
  readonly type: string
  /** Which of the records are meant, by their presentation. */
  readonly isMeant: (text: string) => boolean
}

/** SPF is a text record of the host (RFC 7208 section 3.1), DMARC one of `_dmarc` below it (RFC 7489 section 6.1). */
const policies: Readonly<Record<string, Omit<Wanted, "word" | "type">>> = {
  SPF: { name: (host) => host, isMeant: (text) => /^"v=spf1[ "]/i.test(text) },
  DMARC: { name: (host) => `_dmarc.${host}`, isMeant: (text) => /^"v=DMARC1\b/i.test(text) },
  "MTA-STS": { name: (host) => `_mta-sts.${host}`, isMeant: (text) => /^"v=STSv1\b/i.test(text) },
  "TLS-RPT": { name: (host) => `_smtp._tls.${host}`, isMeant: (text) => /^"v=TLSRPTv1\b/i.test(text) }
}

export const wanted = (word: string): Wanted => {
  const policy = policies[word]
  return policy === undefined
    ? { word, type: word, name: (host) => host, isMeant: () => true }
    : { word, type: "TXT", ...policy }
}
