"""Answers what dnspython makes of rdata: lines of JSON in, lines of JSON out.

{"type": "MX", "hex": "..."}  -> {"text": ..., "hex": ..., "fields": [...]} or {"error": ...}
{"type": "MX", "text": "..."} -> the same
{"message": "hex"}            -> {"id": ..., "rcode": ..., "text": ..., "hex": ...} or {"error": ...}
"""

import json
import sys

import dns.exception
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype


def field(value):
    if isinstance(value, dns.name.Name):
        return value.to_text()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (list, tuple)):
        return [field(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, (int, float)):
        return int(value) if int(value) == value else value
    return str(value)


def describe(rdata):
    known = not isinstance(rdata, dns.rdata.GenericRdata)
    return {
        "known": known,
        "text": rdata.to_text(),
        "hex": rdata.to_wire().hex(),
        "fields": [field(getattr(rdata, slot)) for slot in rdata.__slots__] if known else [],
    }


def message(octets):
    m = dns.message.from_wire(octets)
    records = []
    for section in (m.answer, m.authority, m.additional):
        for rrset in section:
            for rdata in rrset:
                records.append([rrset.name.to_text(), rrset.ttl, int(rrset.rdtype), rdata.to_text()])
    return {
        "id": m.id,
        "rcode": int(m.rcode()),
        "flags": int(m.flags),
        "questions": [[q.name.to_text(), int(q.rdtype)] for q in m.question],
        "records": records,
        "edns": [m.edns, m.payload, len(m.options)] if m.edns >= 0 else None,
    }


for line in sys.stdin:
    query = json.loads(line)
    try:
        if "message" in query:
            answer = message(bytes.fromhex(query["message"]))
        else:
            code = dns.rdatatype.from_text(query["type"])
            if "hex" in query:
                octets = bytes.fromhex(query["hex"])
                rdata = dns.rdata.from_wire(dns.rdataclass.IN, code, octets, 0, len(octets))
            else:
                rdata = dns.rdata.from_text(dns.rdataclass.IN, code, query["text"])
            answer = describe(rdata)
    except Exception as error:
        answer = {"error": type(error).__name__ + ": " + str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")
