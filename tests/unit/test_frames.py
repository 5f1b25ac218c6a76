"""Frames of pages, as wsproto and a rude page send them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Message, Ping, TextMessage

from aircall.server import websocket
from aircall.server.websocket import FrameError, FrameReader, close_frame, frame

LIMIT = 300
MASK = b"\x01\x02\x03\x04"

# A message in parts, each with a ping before it or not.
part = st.tuples(st.text(max_size=60), st.booleans())
messages = st.lists(st.lists(part, min_size=1, max_size=3).filter(lambda parts: _size(parts) <= LIMIT))


def _size(parts: list[tuple[str, bool]]) -> int:
    return sum(len(text.encode()) for text, _ in parts)


def masked(first: int, payload: bytes, *, length: int | None = None) -> bytes:
    """A page's frame; `first` is its first byte, `length` what it says, if that is not true."""
    said = len(payload) if length is None else length
    head = bytes((first, 0x80 | said)) if said < 126 else bytes((first, 0x80 | 126, *divmod(said, 256)))
    return head + MASK + bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))


@given(messages, st.data())
def test_what_a_client_sends_is_read_however_it_is_cut(
    sent: list[list[tuple[str, bool]]], data: st.DataObject
) -> None:
    client, stream = Connection(ConnectionType.CLIENT), b""
    for parts in sent:
        for place, (text, has_ping) in enumerate(parts):
            stream += client.send(Ping(b"p")) if has_ping else b""
            stream += client.send(TextMessage(text, message_finished=place == len(parts) - 1))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)) | {0, len(stream)})

    reader = FrameReader(LIMIT)
    read = [found for start, end in pairwise(cuts) for found in reader.read(stream[start:end])]

    texts = [payload.decode() for opcode, payload in read if opcode == websocket.TEXT]
    assert texts == ["".join(text for text, _ in parts) for parts in sent]
    pings = [payload for opcode, payload in read if opcode == websocket.PING]
    assert len(pings) == sum(has_ping for parts in sent for _, has_ping in parts)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_a_client_reads_our_frames(size: int) -> None:
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(frame(websocket.TEXT, b"x" * size) + close_frame(websocket.NORMAL))

    *parts, close = client.events()

    assert "".join(str(part.data) for part in parts if isinstance(part, Message)) == "x" * size
    assert getattr(close, "code", None) == websocket.NORMAL


@pytest.mark.parametrize(
    ("stream", "code"),
    [
        pytest.param(b"\x81\x01x", websocket.PROTOCOL_ERROR, id="not masked"),
        pytest.param(masked(0xC1, b"x"), websocket.PROTOCOL_ERROR, id="a reserved bit"),
        pytest.param(masked(0x83, b"x"), websocket.PROTOCOL_ERROR, id="a reserved opcode"),
        pytest.param(masked(0x8B, b"x"), websocket.PROTOCOL_ERROR, id="a reserved control opcode"),
        pytest.param(masked(0x80, b"x"), websocket.PROTOCOL_ERROR, id="a continuation of nothing"),
        pytest.param(masked(0x01, b"x") * 2, websocket.PROTOCOL_ERROR, id="a message within another"),
        pytest.param(masked(0x09, b"x"), websocket.PROTOCOL_ERROR, id="a ping in parts"),
        pytest.param(masked(0x89, b"x" * 126), websocket.PROTOCOL_ERROR, id="a long ping"),
        pytest.param(masked(0x82, b"x"), websocket.UNSUPPORTED, id="bytes"),
        pytest.param(masked(0x81, b"", length=LIMIT + 1), websocket.TOO_BIG, id="too long, announced"),
        pytest.param(
            masked(0x01, b"x" * 200) + masked(0x80, b"", length=LIMIT - 199), websocket.TOO_BIG, id="in parts"
        ),
        pytest.param(b"\x81\xff" + b"\x00" * 8, websocket.TOO_BIG, id="a length of 64 bits"),
    ],
)
def test_what_breaks_the_protocol_or_a_limit_is_refused_as_soon_as_it_shows(stream: bytes, code: int) -> None:
    reader = FrameReader(LIMIT)

    with pytest.raises(FrameError) as refused:
        _read_bytewise(reader, stream)

    assert refused.value.code == code


def _read_bytewise(reader: FrameReader, stream: bytes) -> None:
    for byte in stream:
        list(reader.read(bytes((byte,))))
