"""Any number of plausible calls, each generated on access."""

import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random
from uuid import UUID

from sandbox.calls import (
    CALL_TYPES,
    DIRECTIONS,
    MAX_DURATION_MS,
    MIN_DURATION_MS,
    NOTE_TEXTS,
    CallJson,
    NoteJson,
    format_time,
    phone_number,
)

MAX_CALLS = 1_000_000
CUSTOMER_COUNT = 4_000
COLLEAGUE_COUNT = 40
LINE_COUNT = 12
WEEK = timedelta(days=7)
ARCHIVED_SHARE = 0.4
NOTED_SHARE = 0.2
# The last twelve hex digits of an id: the index, XORed with a mask.
INDEX_BITS = 48
INDEX_BYTES = INDEX_BITS // 8
# One digest yields eight 32-bit numbers and the first ten bytes of the id.
DIGEST = struct.Struct(">8I10s")
DIGEST_RANGE = 2**32


class GeneratedCalls:
    """`count` calls, each a pure function of the seed, its index and the start time.

    Nothing is stored per call: an id contains its index, so a lookup needs no table.
    """

    def __init__(self, count: int, seed: int, started_at: datetime) -> None:
        self._count = count
        self._key = f"{seed}".encode()
        self._started_at = started_at
        random = Random(seed)
        self._index_mask = random.getrandbits(INDEX_BITS)
        self._customers = [phone_number(random) for _ in range(CUSTOMER_COUNT)]
        self._colleagues = [phone_number(random) for _ in range(COLLEAGUE_COUNT)]
        self._lines = [phone_number(random) for _ in range(LINE_COUNT)]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int, /) -> CallJson:
        if not 0 <= index < self._count:
            raise IndexError(index)
        numbers, head = self._digest(index)
        direction = _pick(DIRECTIONS, numbers[0])
        # Squared, so that some customers call often.
        customer = self._customers[int(_fraction(numbers[1]) ** 2 * CUSTOMER_COUNT)]
        colleague = _pick(self._colleagues, numbers[2])
        is_inbound = direction == "inbound"
        return {
            "id": self._id(index, head),
            "duration": MIN_DURATION_MS
            + int(_fraction(numbers[3]) ** 3 * (MAX_DURATION_MS - MIN_DURATION_MS)),
            "is_archived": _fraction(numbers[4]) < ARCHIVED_SHARE,
            "from": customer if is_inbound else colleague,
            "to": colleague if is_inbound else customer,
            "direction": direction,
            "call_type": CALL_TYPES[numbers[0] // len(DIRECTIONS) % len(CALL_TYPES)],
            "via": _pick(self._lines, numbers[5]),
            "created_at": format_time(self._started_at - _fraction(numbers[6]) * WEEK),
            "notes": self._notes(index, numbers[7]),
        }

    def index_of(self, call_id: str) -> int | None:
        """Return the index of the call, or None if it does not exist."""
        try:
            index = int(call_id[-12:], 16) ^ self._index_mask
        except ValueError:
            return None
        is_known = 0 <= index < self._count and self._id(index, self._digest(index)[1]) == call_id
        return index if is_known else None

    def _digest(self, index: int) -> tuple[Sequence[int], bytes]:
        digest = blake2b(index.to_bytes(INDEX_BYTES), key=self._key, digest_size=DIGEST.size).digest()
        *numbers, head = DIGEST.unpack(digest)
        return numbers, head

    def _id(self, index: int, head: bytes) -> str:
        return str(UUID(bytes=head + (index ^ self._index_mask).to_bytes(INDEX_BYTES), version=4))

    def _notes(self, index: int, number: int) -> list[NoteJson]:
        if _fraction(number) >= NOTED_SHARE:
            return []
        random = Random(number ^ index)
        return [
            {"id": str(UUID(int=random.getrandbits(128), version=4)), "content": random.choice(NOTE_TEXTS)}
            for _ in range(random.randint(1, 3))
        ]


def _pick(choices: Sequence[str], number: int) -> str:
    return choices[number % len(choices)]


def _fraction(number: int) -> float:
    """Scale a 32-bit number to the half-open interval from 0 to 1."""
    return number / DIGEST_RANGE
