# The works of `dns/trust` by dnspython: one JSON object of figures on standard output.
import json, sys, time
import dns.dnssec, dns.name, dns.rdatatype, dns.version, dns.zone

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


def sign():
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, flags=257)
    count, start = 0, time.perf_counter()
    zones = 0
    while zones == 0 or time.perf_counter() - start < seconds:
        zone = load()
        begin = time.perf_counter()
        dns.dnssec.sign_zone(zone, keys=[(private, key)], lifetime=86400, add_dnskey=True)
        count += time.perf_counter() - begin
        zones += 1
    return {"zones/s": zones / count}


print(json.dumps({"validate": validate, "sign": sign}[work]()))
