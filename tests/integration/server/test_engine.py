"""Pages on the event loop: what each is sent, and what becomes of those that do not play along."""

import gc
import socket
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aircall.server import engine, rooms, websocket
from tests.integration.server.page import PATIENCE, Page, handshake, make_server

# More than all buffers on the way hold.
LARGE = "x" * 1_000_000


class Opened:
    """Servers and pages of a test, which are closed at its end."""

    def __init__(self) -> None:
        self._servers: list[Any] = []
        self._pages: list[Page] = []

    def server(self, **times: float) -> Any:
        server = make_server(**times)
        self._servers.append(server)
        return server

    def page(self, server: Any) -> Page:
        page = Page(server)
        self._pages.append(page)
        return page

    def close(self) -> None:
        for page in self._pages:
            page.end.close()
        for server in self._servers:
            _wait_until_empty(server)
        # The last ends are noticed in the next turn of the event loop.
        gevent.sleep(0.01)


@pytest.fixture
def opened() -> Iterator[Opened]:
    opened = Opened()
    yield opened
    opened.close()


@pytest.fixture
def server(opened: Opened) -> Any:
    return opened.server()


@pytest.fixture
def pages(opened: Opened, server: Any) -> list[Page]:
    """Three pages: two in room a, two in room b, one of them in both."""
    pages = [opened.page(server) for _ in range(3)]
    for page, names in zip(pages, ("a", "ab", "b"), strict=True):
        for room in names:
            server.enter_room(page.sid, room)
    return pages


@pytest.mark.parametrize("crowd", [1, 1000], ids=["by two threads", "by one thread"])
@given(st.lists(st.sampled_from(["a", "b", "all", "one", "turn"]), max_size=30))
def test_each_page_gets_the_events_of_its_rooms_in_their_order(
    monkeypatch: pytest.MonkeyPatch, server: Any, pages: list[Page], crowd: int, steps: list[str]
) -> None:
    monkeypatch.setattr(rooms, "CROWD", crowd)
    expected: list[list[int]] = [[], [], []]
    receivers = {"a": (0, 1), "b": (1, 2), "all": (0, 1, 2), "one": (1,), "turn": ()}
    for number, step in enumerate(steps):
        if step == "turn":
            gevent.sleep(0)
        else:
            server.emit("event", number, to={"all": None, "one": pages[1].sid}.get(step, step))
        for place in receivers[step]:
            expected[place].append(number)

    assert [page.payloads(len(numbers)) for page, numbers in zip(pages, expected, strict=True)] == expected


def test_a_page_gets_nothing_from_before_it_entered_a_room_nor_after_it_left(
    server: Any, pages: list[Page]
) -> None:
    page = pages[0]
    server.emit("event", "before", to="b")
    server.enter_room(page.sid, "b")
    server.emit("event", "inside", to="b")
    server.leave_room(page.sid, "b")
    server.emit("event", "after", to="b")
    server.emit("event", "last", to=page.sid)

    assert page.payloads(2) == ["inside", "last"]
    assert pages[2].payloads(3) == ["before", "inside", "after"]


@pytest.mark.parametrize("crowd", [1, 1000], ids=["by two threads", "by one thread"])
def test_a_page_that_does_not_read_delays_no_other_and_later_gets_every_byte(
    monkeypatch: pytest.MonkeyPatch, server: Any, pages: list[Page], crowd: int
) -> None:
    monkeypatch.setattr(rooms, "CROWD", crowd)
    deaf, other = pages[0], pages[1]
    for number in range(3):
        server.emit("event", f"{number}{LARGE}", to="a")
        assert other.payloads(1) == [f"{number}{LARGE}"]
    server.emit("event", "last", to="a")

    assert deaf.payloads(4) == [*(f"{number}{LARGE}" for number in range(3)), "last"]


def test_a_page_that_takes_nothing_is_dropped_after_a_time(opened: Opened) -> None:
    server = opened.server(send_timeout=0.3)
    opened.page(server)
    server.emit("event", LARGE)

    _wait_until_empty(server)


def test_a_page_for_which_too_much_waits_is_dropped(
    server: Any, pages: list[Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "LONGEST_BEHIND", 0.0)
    for _ in range(6):
        server.emit("event", LARGE, to="a")
        pages[1].payloads(1)
        gevent.sleep(0)

    _wait_until_empty(server, besides=2)
    assert set(server.manager.get_rooms(pages[1].sid, "/")) == {pages[1].sid, "a", "b"}
    assert server.manager.get_rooms(pages[0].sid, "/") == []


def test_no_more_is_read_from_a_page_than_it_takes_answers(pages: list[Page]) -> None:
    rude = pages[0]
    rude.end.settimeout(0.5)

    # It pings without reading: the server stops to read too, until all buffers on the way are full.
    with pytest.raises(TimeoutError):
        _repeat(rude.ping, 200_000)


def test_a_page_is_pinged_and_dropped_when_it_does_not_answer(opened: Opened) -> None:
    server = opened.server(ping_interval=0.1, ping_timeout=0.5)
    page, silent = opened.page(server), opened.page(server)
    silent.answers_pings = False
    reasons = {}
    server.on("disconnect", lambda sid, reason: reasons.update({sid: reason}))

    # It answers more pings than fit into the time that the other one has.
    for _ in range(6):
        page.next_of("2")
    silent.read_to_end()

    assert reasons == {silent.sid: server.reason.PING_TIMEOUT}
    assert list(server.eio.sockets) == [server.manager.eio_sid_from_sid(page.sid, "/")]


def test_every_end_is_told_and_nothing_of_a_page_is_kept(
    opened: Opened, server: Any, pages: list[Page]
) -> None:
    reasons: dict[str, str] = {}
    server.on("disconnect", lambda sid, reason: reasons.update({sid: reason}))
    pages[0].say_goodbye()
    pages[0].read_to_end()
    pages[1].send("1")
    pages[1].read_to_end()
    pages[2].end.close()
    last = opened.page(server)
    _wait_until_empty(server, besides=1)
    server.eio.disconnect()
    last.read_to_end()

    assert [page.close_code for page in (*pages[:2], last)] == [websocket.NORMAL] * 3
    assert reasons == {
        pages[0].sid: server.reason.TRANSPORT_CLOSE,
        pages[1].sid: server.reason.CLIENT_DISCONNECT,
        pages[2].sid: server.reason.TRANSPORT_CLOSE,
        last.sid: server.reason.SERVER_DISCONNECT,
    }
    assert server.eio.sockets == server.environ == server.manager.rooms == {}


def test_what_was_sent_last_arrives_before_the_end_whatever_the_page_still_sends(
    opened: Opened, server: Any
) -> None:
    page = opened.page(server)
    server.emit("event", LARGE, to=page.sid)
    for _ in range(3):
        page.send('42["unknown"]')
    server.eio.disconnect()

    assert page.payloads(1) == [LARGE]
    page.read_to_end()
    assert page.close_code == websocket.NORMAL


def test_an_open_page_has_no_greenlet(opened: Opened, server: Any) -> None:
    pages = [opened.page(server) for _ in range(5)]
    before = _greenlets()
    pages += [opened.page(server) for _ in range(30)]
    for page in pages:
        server.emit("event", 1, to=page.sid)
        page.payloads(1)

    assert _greenlets() <= before


def test_more_pages_than_a_process_can_serve_are_refused(
    server: Any, pages: list[Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MOST_PAGES", len(pages))
    answers: list[str] = []
    ours, theirs = socket.socketpair()

    server.handle_request(handshake(theirs), lambda status, _headers: answers.append(status))

    assert answers == ["503 Service Unavailable"]
    ours.close()
    theirs.close()


def _repeat(action: Callable[[], None], times: int) -> None:
    for _ in range(times):
        action()


def _greenlets() -> int:
    gc.collect()
    return sum(isinstance(each, gevent.Greenlet) and not each.dead for each in gc.get_objects())


def _wait_until_empty(server: Any, *, besides: int = 0) -> None:
    with gevent.Timeout(PATIENCE):
        while len(server.eio.sockets) > besides:
            gevent.sleep(0.01)
