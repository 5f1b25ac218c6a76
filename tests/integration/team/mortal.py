"""Work of a process that is killed in the middle of it. Each thing done is acknowledged to the parent."""

from multiprocessing.connection import Connection

from aircall.storage.database import open_database
from aircall.team.imports import Resolution
from tests.integration.team.people import ANN, StillInstant, opened

NAMES = 200


def contacts(part: int) -> tuple[bytes, list[str]]:
    """A file of NAMES contacts that no other part has, and their numbers."""
    numbers = [f"+336{part:04}{place:04}" for place in range(NAMES)]
    rows = (f"{number},Name {number}" for number in numbers)
    return "\n".join(["number,name", *rows]).encode(), numbers


def claim(url: str, round_: int, parent: Connection) -> None:
    """Take one caller after the other."""
    team = opened(open_database(url, is_durable=True), StillInstant())
    for place in range(10_000):
        parent.send(team.claims.take(f"+336{round_:03}{place:05}", ANN).number_key)


def import_(url: str, round_: int, parent: Connection) -> None:
    """Import one file after the other; acknowledge the part."""
    team = opened(open_database(url, is_durable=True), StillInstant())
    for part in range(round_ * 10, round_ * 10 + 10):
        data, _numbers = contacts(part)
        preview = team.imports.preview(data)
        parent.send(-1)
        team.imports.import_(data, preview.fingerprint, Resolution.KEEP, ANN)
        parent.send(part)
