"""Times dnspython: `decode`, `encode` or `zone`, for so many seconds, on what comes on standard input."""

import json
import sys
import time

import dns.message
import dns.zone

action, seconds = sys.argv[1], float(sys.argv[2])
octets = sys.stdin.buffer.read()


def rate(step):
    for duration in (seconds / 5, seconds):
        start = time.perf_counter()
        steps = 0
        while time.perf_counter() - start < duration:
            step()
            steps += 1
    return steps / (time.perf_counter() - start)


if action == "zone":
    text = octets.decode()
    start = time.perf_counter()
    zone = dns.zone.from_text(text, origin="example.", relativize=False, check_origin=False)
    elapsed = time.perf_counter() - start
    count = sum(len(rdataset) for node in zone.nodes.values() for rdataset in node)
    figures = {"records/min": count / elapsed * 60}
    checked = count > 9000
else:
    message = dns.message.from_wire(octets)
    checked = dns.message.from_wire(message.to_wire(max_size=65535)) == message
    step = (lambda: dns.message.from_wire(octets)) if action == "decode" else (lambda: message.to_wire(max_size=65535))
    figures = {"messages/s": rate(step)}

print(json.dumps({"checked": checked, "figures": figures}))
