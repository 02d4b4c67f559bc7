/** The messages that all codecs are measured on, as ours; others read them from the octets. */
import { Edns, Message, Name, Question, type ResourceRecord, TextError, ZoneFile } from "@handoff/dns/wire"

const zone = (text: string): ReadonlyArray<ResourceRecord.ResourceRecord> => {
  const records = ZoneFile.parse(text)
  if (records instanceof TextError) throw records
  return records
}

const response = { id: 4_711, response: true, recursionDesired: true, recursionAvailable: true }

const query = Message.query(Question.make("www.example.com", "A"), { id: 4_711 })

const answer = Message.make({
  ...response,
  questions: [Question.make("www.example.com", "A")],
  answers: zone(`
www.example.com. 300 IN CNAME www.example.com.cdn.example.net.
www.example.com.cdn.example.net. 60 IN A 192.0.2.10
www.example.com.cdn.example.net. 60 IN A 192.0.2.11
www.example.com.cdn.example.net. 60 IN A 192.0.2.12
www.example.com.cdn.example.net. 60 IN A 192.0.2.13`)
})

const letters = "abcdefghijklm".split("")

const referral = Message.make({
  id: 4_711,
  response: true,
  questions: [Question.make("www.example.com", "A")],
  authorities: zone(letters.map((letter) => `com. 172800 IN NS ${letter}.gtld-servers.net.`).join("\n")),
  additionals: zone(
    letters
      .map(
        (letter, i) => `${letter}.gtld-servers.net. 172800 IN A 192.0.2.${i}
${letter}.gtld-servers.net. 172800 IN AAAA 2001:db8:${i.toString(16)}::30`
      )
      .join("\n")
  ),
  edns: Edns.make({ udpPayloadOctets: 4_096 })
})

const base64 = (octets: number, seed: number): string =>
  Buffer.from(Uint8Array.from({ length: octets }, (_, i) => (i * 31 + seed) & 0xff)).toString("base64")

const large = Message.make({
  ...response,
  questions: [Question.make("example.com", "ANY")],
  answers: zone(
    [
      ...Array.from({ length: 8 }, (_, i) => `example.com. 3600 IN DNSKEY 256 3 8 ${base64(260, i)}`),
      ...Array.from(
        { length: 7 },
        (_, i) => `example.com. 3600 IN TXT "${"x".repeat(200 + i)}" "k=rsa; p=${"y".repeat(40)}"`
      )
    ].join("\n")
  )
})

const transfer = (() => {
  const lines = ["example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. 1 7200 3600 1209600 3600"]
  for (let i = 0; i < 790; i++) {
    lines.push(
      `host${i}.example.com. 3600 IN A 192.0.2.${i & 255}`,
      `host${i}.example.com. 3600 IN AAAA 2001:db8::${i.toString(16)}`,
      `host${i}.example.com. 3600 IN MX 10 mail${i & 7}.example.com.`
    )
  }
  return Message.make({
    id: 4_711,
    response: true,
    authoritative: true,
    questions: [Question.make("example.com", "AXFR")],
    answers: zone(lines.join("\n"))
  })
})()

export const messages: Readonly<Record<string, Message.Message>> = {
  "query A": query,
  "answer with CNAME and four A": answer,
  "referral with glue": referral,
  "4 KB of TXT and DNSKEY": large,
  "64 KB of a transfer": transfer
}

/** Reads every field of every record, which `decode` leaves for later. Returns how many there were. */
export const readAll = (message: Message.Message): number => {
  let read = message.edns === undefined ? 0 : 1
  for (const question of message.questions) if (Name.toText(question.name) !== "" && question.type !== "OPT") read++
  for (const section of [message.answers, message.authorities, message.additionals]) {
    for (const record of section) if (Name.toText(record.name) !== "" && hasData(record)) read++
  }
  return read
}

const hasData = (record: ResourceRecord.ResourceRecord): boolean => {
  switch (record.type) {
    case "A":
    case "AAAA":
      return record.data.address !== ""
    case "NS":
      return Name.toText(record.data.host) !== ""
    case "CNAME":
      return Name.toText(record.data.target) !== ""
    case "MX":
      return record.data.preference >= 0 && Name.toText(record.data.exchange) !== ""
    case "TXT":
      return record.data.strings.length > 0
    case "DNSKEY":
      return record.data.publicKey.length > 0
    case "SOA":
      return record.data.serial > 0 && Name.toText(record.data.primary) !== "" && Name.toText(record.data.admin) !== ""
    default:
      return false
  }
}
