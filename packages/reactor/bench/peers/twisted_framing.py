"""Twisted's own framing: lines|int32|netstring <payload octets> <seconds>; prints MB/s."""
import sys
import time

from twisted.protocols.basic import Int32StringReceiver, LineReceiver, NetstringReceiver

kind, payload, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
one = b"a" * payload
frame = {
    "lines": one + b"\r\n",
    "int32": payload.to_bytes(4, "big") + one,
    "netstring": b"%d:%s," % (payload, one),
}[kind]
frames = max(1, 4 * 1048576 // len(frame))
wire = frame * frames
chunks = [wire[at : at + 65536] for at in range(0, len(wire), 65536)]


class Transport:
    disconnecting = False

    def loseConnection(self):
        raise AssertionError("the receiver gave up")


def receiver():
    base = {"lines": LineReceiver, "int32": Int32StringReceiver, "netstring": NetstringReceiver}[kind]

    class Receiver(base):
        MAX_LENGTH = 1048576
        count = 0

        def stringReceived(self, data):
            self.count += len(data) == payload

        lineReceived = stringReceived

    made = Receiver()
    if kind == "netstring":
        made.makeConnection(Transport())
        return made
    made.transport = Transport()
    made.connectionMade()
    return made


def one_pass():
    made = receiver()
    for chunk in chunks:
        made.dataReceived(chunk)
    assert made.count == frames, (made.count, frames)


one_pass()
start, passes = time.monotonic(), 0
while time.monotonic() - start < seconds:
    one_pass()
    passes += 1
print(passes * len(wire) / (time.monotonic() - start) / 1e6)
