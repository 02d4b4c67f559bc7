"""Exchanges of 64 octets by Twisted: churn|kept <port> <at once> <seconds>; prints exchanges a second."""
import sys
import time

from twisted.internet import epollreactor

epollreactor.install()
from twisted.internet import protocol, reactor  # noqa: E402

mode, port, at_once, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
request = b"x" * 64
done = 0


class Exchange(protocol.Protocol):
    def connectionMade(self):
        self.transport.setTcpNoDelay(True)
        self.received = 0
        self.transport.write(request)

    def dataReceived(self, data):
        global done
        self.received += len(data)
        if self.received < 64:
            return
        self.received = 0
        done += 1
        if mode == "kept":
            self.transport.write(request)
        else:
            self.transport.loseConnection()

    def connectionLost(self, reason):
        if mode == "churn":
            connect(self.slot)


class Factory(protocol.ClientFactory):
    noisy = False

    def __init__(self, slot):
        self.slot = slot

    def buildProtocol(self, address):
        made = Exchange()
        made.slot = self.slot
        return made

    def clientConnectionFailed(self, connector, reason):
        print(reason, file=sys.stderr)
        reactor.stop()


def connect(slot):
    reactor.connectTCP("127.0.0.%d" % (1 + slot % 200), port, Factory(slot))


def begin():
    global done, start
    done, start = 0, time.monotonic()
    reactor.callLater(seconds, end)


def end():
    print(done / (time.monotonic() - start), flush=True)
    import os

    os._exit(0)


for slot in range(at_once):
    connect(slot)
reactor.callLater(seconds / 5, begin)
reactor.run()
