"""A page's WebSocket (RFC 6455): frames, and a connection that no greenlet waits for.

The event loop calls a PageSocket when its socket can be read or written: an idle page costs no greenlet,
queue or buffer (docs/decisions/0004-pages-without-greenlets.md). What a page may send is limited in size.
Compression is off: for messages this small it costs more memory and time than it saves.
"""

import re
import socket
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

import gevent
from gevent import monkey

# Bytes of a message from a page.
LARGEST_MESSAGE = 10_000
# Bytes that are read from one page before the others have their turn.
READ_SIZE = 4096
# Frames that are sent by one system call.
FRAMES_AT_ONCE = 64
# Bytes that may wait for a page that has been behind for longer than LONGEST_BEHIND seconds.
LONGEST_QUEUE, LONGEST_BEHIND = 4 << 20, 1.0
# Opcodes.
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
# Bits of the first two bytes of a frame.
FINAL, RESERVED, OPCODE, MASKED, LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
# Values of the length that announce a longer one, in 2 or 8 bytes; control frames are shorter.
LENGTH_16, LENGTH_64 = 126, 127
# Events of a watcher of gevent's loop.
READ, WRITE = 1, 2
# Engine.IO packets that a page may send: close, pong, and connect, disconnect, event and ack messages.
PACKET = re.compile(r"1|3|4[0-3]")
# Close codes.
NORMAL, PROTOCOL_ERROR, UNSUPPORTED, NOT_UTF8, REFUSED, TOO_BIG = 1000, 1002, 1003, 1007, 1008, 1009


class FrameError(Exception):
    """A page breaks the protocol or a limit; `code` is the close code that says so."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def frame(opcode: int, payload: bytes) -> bytes:
    """Return an unmasked frame, as a server sends it: the same bytes for every page."""
    length = len(payload)
    if length < LENGTH_16:
        head = bytes((FINAL | opcode, length))
    elif length < 1 << 16:
        head = bytes((FINAL | opcode, LENGTH_16)) + length.to_bytes(2, "big")
    else:
        head = bytes((FINAL | opcode, LENGTH_64)) + length.to_bytes(8, "big")
    return head + payload


def close_frame(code: int) -> bytes:
    """Return a close frame with this code."""
    return frame(CLOSE, code.to_bytes(2, "big"))


class FrameReader:
    """Reassembles what a page sends; `limit` is the largest message in bytes, below 64 KiB."""

    __slots__ = ("_fragments", "_limit", "_unread")

    def __init__(self, limit: int = LARGEST_MESSAGE) -> None:
        self._limit = limit
        self._unread = b""
        # The beginning of a message whose end has not arrived.
        self._fragments: bytes | None = None

    def read(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the opcode and payload of each text message and control frame that is complete by now.

        Raises FrameError, after which nothing more may be read.
        """
        self._unread = self._unread + data if self._unread else data
        while (received := self._next_frame()) is not None:
            is_final, opcode, payload = received
            if opcode >= CLOSE:
                if opcode > PONG or not is_final or len(payload) >= LENGTH_16:
                    raise FrameError(PROTOCOL_ERROR)
                yield opcode, payload
            elif (message := self._message(is_final, opcode, payload)) is not None:
                yield TEXT, message

    def _next_frame(self) -> tuple[int, int, bytes] | None:
        data = self._unread
        if len(data) < 2:
            return None
        length, start = data[1] & LENGTH, 2
        if data[0] & RESERVED or not data[1] & MASKED:
            raise FrameError(PROTOCOL_ERROR)
        if length == LENGTH_16:
            if len(data) < 4:
                return None
            length, start = int.from_bytes(data[2:4], "big"), 4
        if length + len(self._fragments or b"") > self._limit or data[1] & LENGTH == LENGTH_64:
            raise FrameError(TOO_BIG)
        end = start + 4 + length
        if len(data) < end:
            return None
        self._unread = data[end:]
        return data[0] & FINAL, data[0] & OPCODE, _unmask(data[start : start + 4], data[start + 4 : end])

    def _message(self, is_final: int, opcode: int, payload: bytes) -> bytes | None:
        if opcode == BINARY:
            raise FrameError(UNSUPPORTED)
        if opcode not in (CONTINUATION, TEXT) or (opcode == TEXT) != (self._fragments is None):
            raise FrameError(PROTOCOL_ERROR)
        message = (self._fragments or b"") + payload
        self._fragments = None if is_final else message
        return message if is_final else None


def _unmask(key: bytes, data: bytes) -> bytes:
    mask = (key * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "little") ^ int.from_bytes(mask, "little")).to_bytes(len(data), "little")


# Not gevent's, which would wait.
SystemSocket = monkey.get_original("socket", "socket")
CLOSE_PACKET, PING_PACKET = frame(TEXT, b"1"), frame(TEXT, b"2")


class PageSocket:
    """One page's connection. What the event loop calls never switches to another greenlet.

    `owner` is its EventedServer, `whose` the login that it belongs to.
    """

    def __init__(self, owner: Any, sid: str, whose: str, file_number: int) -> None:
        self._owner = owner
        self.sid, self.whose = sid, whose
        self._raw = SystemSocket(fileno=file_number)
        self._raw.setblocking(False)
        # What engineio asks for.
        self.connected = self.upgraded = True
        self.closing = self.closed = self._is_released = False
        # When it has to answer the last ping; None if it has.
        self.pong_deadline: float | None = None
        self._reader = FrameReader()
        self._is_handling = False
        # What could not be sent yet; None if everything has been.
        self._queue: deque[bytes | memoryview] | None = None
        self._queued = 0
        self._behind_since = self._progress_at = 0.0
        self._on_readable = gevent.get_hub().loop.io(file_number, READ)
        self._on_writable: Any = None
        self._on_readable.start(self._receive)

    @property
    def is_ready(self) -> bool:
        """Whether nothing waits, so that `try_to_send` may be called."""
        return self._queue is None and not self.closed

    def send(self, packet: Any) -> None:
        """Send an Engine.IO packet that is no binary one."""
        self.write(frame(TEXT, packet.encode().encode()))

    def write(self, data: bytes) -> None:
        """Send whole frames at once if the socket takes them, otherwise in their turn."""
        if self.closed:
            return
        if self._queue is None:
            self.keep_unsent(data, self.try_to_send(data))
        else:
            self._queue.append(data)
            self._queued += len(data)

    def try_to_send(self, data: bytes) -> int:
        """Return how many bytes the socket took, -1 if the connection is lost. Any thread may call it."""
        try:
            return int(self._raw.send(data))
        except BlockingIOError:
            return 0
        except OSError:
            return -1

    def keep_unsent(self, data: bytes, sent: int) -> None:
        """Send the rest of the data later; `sent` is what `try_to_send` returned."""
        if sent < 0:
            self._lose()
        elif sent < len(data):
            self._queue = deque((memoryview(data)[sent:],))
            self._queued = len(data) - sent
            self._wait_until_writable()

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002  # engineio's signature
        """End the connection, as engineio's sockets do: with `abort`, without telling the page."""
        self._end(reason or self._owner.reason.SERVER_DISCONNECT, None if abort else NORMAL)

    def is_too_slow(self, now: float, timeout: float) -> bool:
        """Return whether this page takes nothing, or too little for what is sent to it."""
        is_behind = now - self._behind_since > LONGEST_BEHIND
        return now - self._progress_at > timeout or (is_behind and self._queued > LONGEST_QUEUE)

    def release(self) -> None:
        """Close the socket, whatever is left to send."""
        self.closing = self.closed = self._is_released = True
        self._owner.behind.discard(self)
        for watcher in (self._on_readable, self._on_writable):
            if watcher is not None:
                watcher.close()
        self._raw.close()

    def _end(self, reason: str, code: int | None) -> None:
        """Tell the application, and the page unless `code` is None. Runs in a greenlet."""
        if self.closing:
            return
        self.closing = True
        self._owner.forget(self, reason)
        if code is None:
            self.release()
            return
        self.write(CLOSE_PACKET + close_frame(code))
        self.closed = True
        self._owner.expect_end(self)
        if self._queue is None:
            self._finish_sending()

    def _finish_sending(self) -> None:
        # The page closes its side then. Closed at once with data unread, the system would reset the
        # connection, and the page might lose what was sent last.
        try:
            self._raw.shutdown(socket.SHUT_WR)
        except OSError:
            self.release()
        else:
            self._resume()

    def _lose(self) -> None:
        if self.closing:
            self.release()
        else:
            self._on_readable.stop()
            gevent.spawn(self._end, self._owner.reason.TRANSPORT_CLOSE, None)

    def _resume(self) -> None:
        # What a page asks for is handled and answered before more is read from it.
        if not (self._is_released or self._is_handling or (self._queue and not self.closed)):
            self._on_readable.start(self._receive)

    def _receive(self) -> None:
        try:
            data = self._raw.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose()
        elif not self.closed:
            self._read(data)

    def _read(self, data: bytes) -> None:
        texts: list[bytes] = []
        code = None
        try:
            for opcode, payload in self._reader.read(data):
                if opcode == TEXT and payload == b"3":
                    self._owner.receive_pong(self)
                elif opcode == TEXT:
                    texts.append(payload)
                elif opcode == PING:
                    self.write(frame(PONG, payload))
                elif opcode == CLOSE:
                    code = NORMAL
                    break
        except FrameError as error:
            code = error.code
        if texts or code:
            self._on_readable.stop()
            self._is_handling = True
            gevent.spawn(self._handle, texts, code)

    def _handle(self, texts: list[bytes], code: int | None) -> None:
        # The answers leave together.
        if self._queue is None:
            self._queue, self._queued = deque(), 0
        for text in texts:
            refusal = self._handle_packet(text)
            code = code or refusal
            if self.closing or refusal:
                break
        self._is_handling = False
        self._send_queue()
        if code:
            self._end(self._owner.reason.TRANSPORT_CLOSE, code)

    def _handle_packet(self, payload: bytes) -> int | None:
        """Handle a packet. Return the close code if it ends the connection."""
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            return NOT_UTF8
        if not PACKET.match(text):
            return REFUSED
        if text[0] == "1":
            self._end(self._owner.reason.CLIENT_DISCONNECT, NORMAL)
        elif text[0] == "4":
            self._owner.receive_message(self, text[1:])
        return None

    def _wait_until_writable(self) -> None:
        self._behind_since = self._progress_at = time.monotonic()
        self._owner.behind.add(self)
        if not self.closing:
            self._on_readable.stop()
        if self._on_writable is None:
            self._on_writable = gevent.get_hub().loop.io(self._raw.fileno(), WRITE)
        self._on_writable.start(self._send_queue)

    def _send_queue(self) -> None:
        """Send what waits, as far as the socket takes it."""
        queue = self._queue
        while queue and not self._is_released:
            try:
                sent = self._raw.sendmsg(islice(queue, FRAMES_AT_ONCE))
            except BlockingIOError:
                if self not in self._owner.behind:
                    self._wait_until_writable()
                return
            except OSError:
                self._lose()
                return
            self._drop_sent(queue, sent)
        self._queue, self._queued = None, 0
        if self in self._owner.behind:
            self._owner.behind.discard(self)
            self._on_writable.stop()
        if self.closed:
            self._finish_sending()
        else:
            self._resume()

    def _drop_sent(self, queue: deque[bytes | memoryview], sent: int) -> None:
        self._progress_at = time.monotonic()
        self._queued -= sent
        while sent:
            first = queue[0]
            if sent < len(first):
                queue[0] = memoryview(first)[sent:]
                return
            sent -= len(first)
            queue.popleft()
