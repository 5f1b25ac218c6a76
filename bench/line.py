"""A TCP relay with limited bandwidth and added latency, to simulate a distant API.

`python -m bench.line HOST PORT MEGABITS MILLISECONDS`: all connections share the bandwidth (Mbit/s in each
direction); MILLISECONDS is the round-trip time.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.support.processes import running

READY = r"Line at (http://\S+)"
CHUNK = 16_384
# Seconds of data read ahead of the transmission, like the buffers of routers.
AHEAD = 0.05

Timed = tuple[float, bytes]


class Line:
    """One direction: `rate` in bytes per second, `delay` in seconds."""

    def __init__(self, rate: float, delay: float) -> None:
        self._rate = rate
        self._delay = delay
        self._free_at = 0.0

    async def carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Relay data until end of file."""
        in_transit: asyncio.Queue[Timed] = asyncio.Queue()
        delivery = asyncio.create_task(_deliver(in_transit, target))
        with suppress(OSError):
            while data := await source.read(CHUNK):
                now = asyncio.get_running_loop().time()
                self._free_at = max(now, self._free_at) + len(data) / self._rate
                in_transit.put_nowait((self._free_at + self._delay, data))
                await asyncio.sleep(self._free_at - now - AHEAD)
        in_transit.put_nowait((0.0, b""))
        await delivery


@contextmanager
def line_to(server: str, *, megabits: float, milliseconds: float) -> Iterator[str]:
    """Start a relay to the server at this URL, and return the URL of the relay."""
    parts = urlsplit(server)
    where = (str(parts.hostname), str(parts.port), str(megabits), str(milliseconds))
    with running([sys.executable, "-m", "bench.line", *where], READY) as started:
        yield started.ready[1]


async def _deliver(in_transit: asyncio.Queue[Timed], target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while (timed := await in_transit.get())[1]:
            await asyncio.sleep(timed[0] - asyncio.get_running_loop().time())
            target.write(timed[1])
            await target.drain()
    target.close()


async def _serve(host: str, port: int, rate: float, delay: float) -> None:
    up, down = Line(rate, delay), Line(rate, delay)

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(host, port)
        await asyncio.gather(up.carry(reader, server_writer), down.carry(server_reader, writer))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    print(f"Line at http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    _host, _port, _megabits, _milliseconds = sys.argv[1:]
    asyncio.run(_serve(_host, int(_port), float(_megabits) * 125_000, float(_milliseconds) / 2000))
