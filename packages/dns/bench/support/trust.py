# The works of `dns/trust` by dnspython: one JSON object of figures on standard output.
import json, sys, time
import dns.dnssec, dns.message, dns.name, dns.rdataclass, dns.rdatatype, dns.version, dns.zone

work, path, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
origin = dns.name.from_text("lab.example.")


def load():
    return dns.zone.from_file(path, origin=origin, relativize=False)


def validate():
    zone = load()
    keys = {origin: zone.get_rdataset(origin, "DNSKEY")}
    sets = []
    for name, node in zone.items():
        for rdataset in node.rdatasets:
            if rdataset.rdtype == dns.rdatatype.RRSIG:
                continue
            signatures = node.get_rdataset(zone.rdclass, dns.rdatatype.RRSIG, rdataset.rdtype)
            if signatures is not None:
                sets.append(((name, rdataset), (name, signatures)))
    count, start = 0, time.perf_counter()
    while True:
        for rrset, rrsigset in sets:
            dns.dnssec.validate(rrset, rrsigset, keys)
            count += 1
            if count % 16 == 0 and time.perf_counter() - start > seconds:
                return {"sets/s": count / (time.perf_counter() - start)}


def answers():
    # Messages from the wire: read, and the set that answers checked with its signature.
    zone = dns.zone.from_file(sys.argv[4], origin=origin, relativize=False)
    keys = {origin: zone.get_rdataset(origin, "DNSKEY")}
    octets, messages, at = open(path, "rb").read(), [], 0
    while at < len(octets):
        length = int.from_bytes(octets[at : at + 2], "big")
        messages.append(octets[at + 2 : at + 2 + length])
        at += 2 + length
    count, start = 0, time.perf_counter()
    while True:
        for wire in messages:
            message = dns.message.from_wire(wire)
            name = message.question[0].name
            rrset = message.get_rrset(message.answer, name, dns.rdataclass.IN, dns.rdatatype.A)
            rrsigs = message.get_rrset(
                message.answer, name, dns.rdataclass.IN, dns.rdatatype.RRSIG, dns.rdatatype.A
            )
            dns.dnssec.validate(rrset, rrsigs, keys)
            count += 1
            if count % 16 == 0 and time.perf_counter() - start > seconds:
                return {"answers/s": count / (time.perf_counter() - start)}


def sign_zone(zone, private, key):
    if hasattr(dns.dnssec, "sign_zone"):
        dns.dnssec.sign_zone(zone, keys=[(private, key)], lifetime=86400, add_dnskey=True)
        return
    # dnspython 2.3 signs sets only; this is what 2.4 does with a zone: every set and an NSEC for every name, in order.
    from dns.rdtypes.ANY.NSEC import NSEC

    zone.find_rdataset(origin, "DNSKEY", create=True).add(key, 300)
    names = sorted(zone.nodes)
    for i, name in enumerate(names):
        node = zone.nodes[name]
        types = {rdataset.rdtype for rdataset in node.rdatasets} | {dns.rdatatype.RRSIG, dns.rdatatype.NSEC}
        nsec = NSEC(zone.rdclass, dns.rdatatype.NSEC, names[(i + 1) % len(names)], windows(types))
        zone.find_rdataset(name, "NSEC", create=True).add(nsec, 60)
        for rdataset in list(node.rdatasets):
            rrsig = dns.dnssec.sign((name, rdataset), private, origin, key, lifetime=86400)
            zone.find_rdataset(name, "RRSIG", rdataset.rdtype, create=True).add(rrsig, rdataset.ttl)


def windows(types):
    bits = bytearray(max(types) // 8 + 1)
    for rdtype in types:
        bits[rdtype // 8] |= 0x80 >> rdtype % 8
    return [(0, bytes(bits))]


def sign():
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, flags=257)
    count, start = 0, time.perf_counter()
    zones = 0
    while zones == 0 or time.perf_counter() - start < seconds:
        zone = load()
        begin = time.perf_counter()
        sign_zone(zone, private, key)
        count += time.perf_counter() - begin
        zones += 1
    return {"zones/s": zones / count}


print(json.dumps({"validate": validate, "answers": answers, "sign": sign}[work]()))
