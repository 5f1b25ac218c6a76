"""How forms come to be kept, for the tests of what becomes of them."""

from flask import Flask

from aircall.storage.records import RecordStore
from aircall.web.services import EXTENSION
from tests.support.person import Person

# Long, with line breaks, an emoji and text from right to left.
TEXT = ("Called back 👋\nנתקשר מחר – אחרי עשר\n" * 400)[:10_000].strip()


def lose_session(person: Person) -> None:
    """As logging out in another tab does."""
    page, path = person.page, person.path
    person.get("/calls").submit("/logout")
    person.page, person.path = page, path


def store_of(app: Flask) -> RecordStore:
    """Where this app keeps what it keeps."""
    store: RecordStore = app.extensions[EXTENSION].records
    return store


def keep_notes(person: Person, texts: dict[str, str]) -> None:
    """As somebody does who writes notes in several tabs, and is signed out before any is sent."""
    pages = [person.get(f"/calls/{call_id}").page for call_id in texts]
    lose_session(person)
    for page, (call_id, text) in zip(pages, texts.items(), strict=True):
        person.page = page
        person.submit(f"/calls/{call_id}/notes", content=text)


def log_in(person: Person, username: str = "alice") -> None:
    """Log in at the login page."""
    person.get("/login").submit("/login", username=username, password="x")


def typed(person: Person) -> str:
    """What stands in the note's field."""
    # HTML drops the line break that follows the tag.
    return str(person.find("textarea[name=content]").get_text()).removeprefix("\n").replace("\r\n", "\n")
