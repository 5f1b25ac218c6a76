"""Small records that outlive a request: sessions and logins. Knows nothing of what is in them.

A record has a generation, which grows by one each time it is replaced. Replacing names the generation that
was read, so that a slow writer never puts an old state over a new one, and nothing deleted comes back.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept under a key, and which generation of it this is."""

    value: bytes
    generation: int


class Store(Protocol):
    """What every store promises; `ttl` is in seconds, after which a record is gone."""

    def load(self, key: str) -> Record | None:
        """The record, or None where there is none (any more)."""

    def put(self, key: str, value: bytes, ttl: float) -> None:
        """Keep this value under the key whatever was there before."""

    def replace(self, key: str, generation: int, value: bytes, ttl: float) -> bool:
        """Compare and set: False, and nothing done, if the record is gone or has another generation."""

    def delete(self, key: str) -> None:
        """Forget the record, if there is one."""

    def keys(self, prefix: str) -> list[str]:
        """The keys that start with `prefix`, the one that lives longest first."""

    def clear(self) -> None:
        """Forget every record."""

    def close(self) -> None:
        """Let go of what the store keeps open."""

    def lock(self, name: str, wait: float) -> AbstractContextManager[bool]:
        """Hold the named lock inside the block; False where it could not be had within `wait` seconds."""
