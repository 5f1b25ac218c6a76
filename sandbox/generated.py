"""Any number of plausible calls, each made when it is asked for. Knows nothing of changes to them."""

import struct
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random
from uuid import UUID

from sandbox.calls import (
    CALL_TYPES,
    DIRECTIONS,
    LONGEST_MS,
    SENTENCES,
    SHORTEST_MS,
    CallJson,
    NoteJson,
    instant_text,
    number,
)

MOST_CALLS = 1_000_000
CUSTOMERS = 4_000
COLLEAGUES = 40
LINES = 12
WEEK = timedelta(days=7)
ARCHIVED_SHARE = 0.4
NOTED_SHARE = 0.2
# An id's last twelve hex digits: 48 bits hold the index, masked.
INDEX_BITS = 48
INDEX_BYTES = INDEX_BITS // 8
# Eight numbers in 0..2^32-1 and the ten leading bytes of the id, all out of one digest.
DICE = struct.Struct(">8I10s")
SIDES = 2**32


class GeneratedCalls:
    """`count` calls that depend on nothing but the seed, the index and the time of start.

    Nothing is kept per call: an id carries its index, so looking one up needs no table.
    """

    def __init__(self, count: int, seed: int, started_at: datetime) -> None:
        self._count = count
        self._key = f"{seed}".encode()
        self._started_at = started_at
        random = Random(seed)
        self._index_mask = random.getrandbits(INDEX_BITS)
        self._customers = [number(random) for _ in range(CUSTOMERS)]
        self._colleagues = [number(random) for _ in range(COLLEAGUES)]
        self._lines = [number(random) for _ in range(LINES)]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int, /) -> CallJson:
        if not 0 <= index < self._count:
            raise IndexError(index)
        dice, head = self._throw(index)
        direction = _pick(DIRECTIONS, dice[0])
        # Squared, so that a few customers call again and again.
        customer = self._customers[int(_share(dice[1]) ** 2 * CUSTOMERS)]
        colleague = _pick(self._colleagues, dice[2])
        is_inbound = direction == "inbound"
        return {
            "id": self._id(index, head),
            "duration": SHORTEST_MS + int(_share(dice[3]) ** 3 * (LONGEST_MS - SHORTEST_MS)),
            "is_archived": _share(dice[4]) < ARCHIVED_SHARE,
            "from": customer if is_inbound else colleague,
            "to": colleague if is_inbound else customer,
            "direction": direction,
            "call_type": CALL_TYPES[dice[0] // len(DIRECTIONS) % len(CALL_TYPES)],
            "via": _pick(self._lines, dice[5]),
            "created_at": instant_text(self._started_at - _share(dice[6]) * WEEK),
            "notes": self._notes(index, dice[7]),
        }

    def index_of(self, call_id: str) -> int | None:
        """Where the call stands, or None if no such call is made."""
        try:
            index = int(call_id[-12:], 16) ^ self._index_mask
        except ValueError:
            return None
        is_made = 0 <= index < self._count and self._id(index, self._throw(index)[1]) == call_id
        return index if is_made else None

    def _throw(self, index: int) -> tuple[Sequence[int], bytes]:
        digest = blake2b(index.to_bytes(INDEX_BYTES), key=self._key, digest_size=DICE.size).digest()
        *dice, head = DICE.unpack(digest)
        return dice, head

    def _id(self, index: int, head: bytes) -> str:
        return str(UUID(bytes=head + (index ^ self._index_mask).to_bytes(INDEX_BYTES), version=4))

    def _notes(self, index: int, die: int) -> list[NoteJson]:
        if _share(die) >= NOTED_SHARE:
            return []
        random = Random(die ^ index)
        return [
            {"id": str(UUID(int=random.getrandbits(128), version=4)), "content": random.choice(SENTENCES)}
            for _ in range(random.randint(1, 3))
        ]


def _pick(choices: Sequence[str], die: int) -> str:
    return choices[die % len(choices)]


def _share(die: int) -> float:
    """The die as a number from 0 up to, not including, 1."""
    return die / SIDES
