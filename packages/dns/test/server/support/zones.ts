/** Zones of the tests, as text. */
import { text } from "@handoff/dns/zone"

/** RFC 4592 2.2.1, whose worked examples are in `wildcards.test.ts`. */
export const wildcards = text.zone(
  "example.",
  `$TTL 3600
@ SOA ns.example.com. hostmaster.example.com. 1 7200 900 1209600 86400
@ NS ns.example.com.
@ NS ns.example.net.
* TXT "this is a wildcard"
* MX 10 host1.example.
sub.* TXT "this is not a wildcard"
host1 A 192.0.2.1
_ssh._tcp.host1 SRV 0 0 22 host1
_ssh._tcp.host2 SRV 0 0 22 host1
subdel NS ns.example.com.
subdel NS ns.example.net.
`
)

export const lab = text.zone(
  "lab.example.",
  `$TTL 300
@ SOA ns1 hostmaster 7 7200 900 1209600 60
@ NS ns1
@ NS ns2
@ MX 10 mail
ns1 A 192.0.2.53
ns1 AAAA 2001:db8::53
ns2 A 192.0.2.54
mail A 192.0.2.25
www CNAME host
host A 192.0.2.80
host AAAA 2001:db8::80
loop1 CNAME loop2
loop2 CNAME loop1
away CNAME www.elsewhere.example.
old DNAME new
far DNAME a-much-longer-name-than-that.and-more-of-it-to-come.really.example.
x.new A 192.0.2.99
a.b.c TXT "below two empty non-terminals"
child NS ns.child
child NS ns.elsewhere.example.
ns.child A 192.0.2.111
mixed\\.dot TXT "a dot in a label"
big TXT ${Array.from({ length: 20 }, (_, i) => `"${String(i).padStart(4, "0")}${"x".repeat(120)}"`).join(" ")}
$GENERATE 1-40 many A 192.0.2.$
`
)
