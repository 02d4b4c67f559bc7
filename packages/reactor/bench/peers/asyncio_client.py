"""Exchanges of 64 octets by asyncio streams: churn|kept <port> <at once> <seconds>; prints exchanges a second."""
import asyncio
import os
import sys
import time

mode, port, at_once, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
request = b"x" * 64
done = 0


async def worker(slot):
    global done
    host = "127.0.0.%d" % (1 + slot % 200)
    while True:
        reader, writer = await asyncio.open_connection(host, port)
        while True:
            writer.write(request)
            await reader.readexactly(64)
            done += 1
            if mode == "churn":
                writer.close()
                break


async def main():
    global done
    workers = [asyncio.ensure_future(worker(slot)) for slot in range(at_once)]
    await asyncio.sleep(seconds / 5)
    done, start = 0, time.monotonic()
    await asyncio.sleep(seconds)
    print(done / (time.monotonic() - start), flush=True)
    for one in workers:
        if one.done():
            print(one.exception(), file=sys.stderr)
            os._exit(1)
    os._exit(0)


asyncio.run(main())
