"""`python -m bench.flood_clients KIND ADDRESS COOKIE COUNT`: what strangers and heavy users do.

In a process of its own, which goes on until it is ended.
"""

import asyncio
import random
import re
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from urllib.parse import urlsplit

from tests.support.dashboard import COOKIE

# Connections that are begun in a second, and seconds between two looks at what was answered.
PER_SECOND, PAUSE = 400, 0.5
# Bytes that a body announces, and those that are sent of it.
ANNOUNCED, SENT = 1000, 500
# Bytes that a slow reader takes at a time, of a window as small.
SIP = 512


class Client:
    """What each connection of a flood needs to know."""

    def __init__(self, address: str, cookie: str) -> None:
        parts = urlsplit(address)
        self.address, self.host, self.port = address, str(parts.hostname), int(parts.port or 0)
        self.cookie = f"{COOKIE}={cookie}"

    def head(self, line: str, *headers: str) -> bytes:
        """Return the beginning of a request."""
        lines = (line, f"Host: {self.host}:{self.port}", *headers, "", "")
        return "\r\n".join(lines).encode()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Return a connection with a small window."""
        taken = socket.socket()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SIP)
        taken.setblocking(False)  # the socket module's signature
        await asyncio.get_running_loop().sock_connect(taken, (self.host, self.port))
        return await asyncio.open_connection(sock=taken, limit=SIP)


async def stranger_socket(client: Client) -> None:
    """Ask for a WebSocket with a made-up session, and keep what is given."""
    reader, writer = await client.connect()
    writer.write(
        client.head(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"Origin: {client.address}",
            f"Cookie: {COOKIE}=made-up",
        )
    )
    while await reader.read(SIP):
        pass
    writer.close()


async def half_body(client: Client) -> None:
    """Send half of a form, and no more."""
    reader, writer = await client.connect()
    writer.write(
        client.head(
            "POST /login HTTP/1.1",
            f"Content-Length: {ANNOUNCED}",
            "Content-Type: application/x-www-form-urlencoded",
        )
        + b"x" * SENT
    )
    while await reader.read(SIP):
        pass
    writer.close()


async def slow_reader(client: Client) -> None:
    """Ask for a long page, and take it in sips."""
    reader, writer = await client.connect()
    writer.write(client.head("GET /calls?per_page=100&view=all HTTP/1.1", f"Cookie: {client.cookie}"))
    while await reader.read(SIP):
        await asyncio.sleep(1)
    writer.close()


async def export(client: Client) -> None:
    """Download the whole list as a file, again and again."""
    while True:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        request = ("GET /calls.csv?view=all HTTP/1.1", f"Cookie: {client.cookie}", "Connection: close")
        writer.write(client.head(*request))
        if b" 200 " not in await reader.readline():
            await asyncio.sleep(1)
        while await reader.read(1 << 16):
            pass
        writer.close()


async def page(client: Client) -> None:
    """Look at a page, again and again."""
    while True:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(client.head("GET /calls HTTP/1.1", f"Cookie: {client.cookie}", "Connection: close"))
        while await reader.read(1 << 16):
            pass
        writer.close()


async def wrong_login(client: Client) -> None:
    """Send wrong passwords, again and again, each for another name from another address."""
    while True:
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(client.head("GET /login HTTP/1.1", "Connection: close"))
        page = (await reader.read(-1)).decode()
        writer.close()
        cookie = re.findall(r"(?i)set-cookie: ([^;]+)", page)[0]
        token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', page)[0]
        name = f"{random.getrandbits(64):x}"
        body = f"csrf_token={token}&username={name}&password=wrong&next="
        reader, writer = await asyncio.open_connection(client.host, client.port)
        head = client.head(
            "POST /login HTTP/1.1",
            "Connection: close",
            f"X-Forwarded-For: 2001:db8:{name[:4]}:{name[4:8]}::1",
            f"Cookie: {cookie}",
            f"Content-Length: {len(body)}",
            "Content-Type: application/x-www-form-urlencoded",
        )
        writer.write(head + body.encode())
        await reader.read(-1)
        writer.close()


KINDS: dict[str, Callable[[Client], Awaitable[None]]] = {
    "sockets": stranger_socket,
    "half bodies": half_body,
    "slow readers": slow_reader,
    "exports": export,
    "pages": page,
    "logins": wrong_login,
}


async def flood(kind: str, client: Client, count: int) -> None:
    """Begin so many connections of this kind, and keep them."""

    async def one() -> None:
        with suppress(OSError):
            await KINDS[kind](client)

    tasks = set()
    for number in range(count):
        tasks.add(asyncio.create_task(one()))
        if number % (PER_SECOND // 10) == 0:
            await asyncio.sleep(0.1)
    await asyncio.Event().wait()


if __name__ == "__main__":
    _kind, _address, _cookie, _count = sys.argv[1:]
    asyncio.run(flood(_kind, Client(_address, _cookie), int(_count)))
