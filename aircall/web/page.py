"""Parts of several pages: flash messages, the calls that they name, and how fresh the call list is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import cast

from flask import Flask, flash, get_flashed_messages, request, url_for

from aircall.calls.phone_numbers import fold_text
from aircall.status import SyncError
from aircall.web.error_messages import sentence_of
from aircall.web.formatting import clock, count, named
from aircall.web.i18n import LANGUAGES, gettext, ngettext, speaking
from aircall.web.i18n import lazy_gettext as _l
from aircall.web.list_query import ListQuery, current_query
from aircall.web.preferences import viewer_zone
from aircall.web.services import services

# Characters of a word by which withheld numbers are found: fewer are in too many searches.
SHORTEST_WORD = 3
SUCCESS, ERROR = "success", "error"
# Seconds. How long a page waits for a sync that is due before it shows the list as it is.
FRESH_WAIT = 1.0
NOT_UPDATED = _l("Callboard can't save what is new right now, so this list may be out of date.")


def register(app: Flask) -> None:
    """Provide templates with `flash_messages`."""
    app.context_processor(lambda: {"flash_messages": flash_messages})


@dataclass(frozen=True, slots=True)
class Message:
    """What came of an action, with a button that undoes job `undo`, or a link to job `job`.

    `undo_url` is where the button leads that undoes anything else.
    """

    text: str
    tone: str = SUCCESS
    undo: str = ""
    job: str = ""
    undo_url: str = ""

    @property
    def notice(self) -> dict[str, str]:
        """The values of the template of a notice."""
        return {
            "tone": self.tone,
            "text": self.text,
            "undo_url": url_for("archive.undo", job_id=self.undo) if self.undo else self.undo_url,
            "job_url": url_for("archive.job", job_id=self.job) if self.job else "",
        }


def flash_message(text: str, tone: str = SUCCESS, *, undo_url: str = "") -> None:
    """Show this message on the next page, with a button that leads to `undo_url`."""
    flash_notice(Message(text, tone, undo_url=undo_url))


def flash_notice(message: Message) -> None:
    """Show this message on the next page."""
    flash(message.notice)  # type: ignore[arg-type]  # any value that a session can hold


def flash_messages() -> list[dict[str, str]]:
    """Return the messages to show on this page, each once: errors, and the latest of the others.

    None for background requests of the script: it does not show them, so the user would miss them.
    """
    if request.headers.get("X-Requested-With") == "background":
        return []
    messages = cast(list[dict[str, str]], get_flashed_messages())
    return [message for message in messages if message["tone"] == ERROR or message is messages[-1]]


def call_names(call_ids: Sequence[str]) -> dict[str, str]:
    """Return what messages call these calls, by id: the other side and the time, `Marie Curie, 14:05`."""
    if not call_ids:
        return {}
    found = services().replica.store.find(call_ids)
    people, zone = services().people.of_calls(found), viewer_zone().key
    return {
        call.id: f"{named(call.counterpart, people.of_call(call).counterpart(call))}, "
        f"{clock(call.created_at, zone)}"
        for call in found
    }


def searched_query() -> ListQuery:
    """Return the query of this request.

    Its search also finds the calls of names in the directory, and withheld numbers by what their rows say.
    """
    query = current_query()
    if query.q:
        query.named = services().people.numbers_named(query.q) + withheld_keys(query.q)
    return query


def withheld_keys(search: str) -> tuple[str, ...]:
    """Return the number key of withheld numbers if these are words of what their rows say, else nothing."""
    words = fold_text(search).split()
    if max(map(len, words), default=0) < SHORTEST_WORD:
        return ()
    is_found = any(all(map(partial(_begins_a_word, name), words)) for name in _withheld_names())
    return ("",) if is_found else ()


def _begins_a_word(name: str, word: str) -> bool:
    return f" {word}" in f" {name}"


@cache
def _withheld_names() -> list[str]:
    """Return what numbers are called that are not shown, in each language."""
    names = []
    for language in LANGUAGES:
        with speaking(language):
            names += [fold_text(gettext("Private number")), fold_text(gettext("Unknown number"))]
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFreshness:
    """How complete and how old the replica is. `problem` says why it may be outdated, or is empty.

    `left_out` says how many calls are missing because they could not be read or stored, or is empty.
    """

    is_complete: bool
    read_count: int
    expected_count: int | None
    synced_at: datetime | None
    problem: str
    left_out: str


def await_fresh_list() -> None:
    """Wait up to FRESH_WAIT for a sync that is due."""
    services().sync.ensure_fresh(FRESH_WAIT)


def list_freshness() -> ListFreshness:
    """Return the state of the replica now."""
    synced_at, left_out = services().replica.store.last_sync
    state = services().sync.status
    return ListFreshness(
        is_complete=synced_at is not None,
        read_count=state.progress.read_count if state else 0,
        expected_count=state.progress.expected_count if state else None,
        synced_at=synced_at,
        problem=_problem(state.error if state else None),
        left_out=left_out_sentence(left_out) if left_out else "",
    )


def left_out_sentence(number: int) -> str:
    """Return a sentence about so many calls that could not be read or stored."""
    return ngettext(
        "%(number)s call is not shown: the data from the phone system can't be read.",
        "%(number)s calls are not shown: the data from the phone system can't be read.",
        number,
        number=count(number),
    )


def _problem(error: SyncError | None) -> str:
    if error is None:
        return ""
    return str(NOT_UPDATED) if error.is_internal else sentence_of(error.name, error.retry_after)
