"""Requests that do not arrive end, those that do are left alone, and many at once take turns."""

import time

import gevent
import gevent.socket
from gunicorn.config import Config  # type: ignore[import-untyped]  # it publishes no types
from gunicorn.http import get_parser  # type: ignore[import-untyped]  # as above

from aircall.server.bodies import Bodies, BodyTimeoutError
from aircall.server.turns import LONGEST_TURN, Turns

PATIENCE = 20.0


class Form:
    """A form of which `sent` bytes were sent, and what a server reads of it."""

    def __init__(self, bodies: Bodies, size: int, sent: int, headers: str = "") -> None:
        self.ours, self._theirs = gevent.socket.socketpair()
        length = headers or f"Content-Length: {size}"
        self.ours.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{length}\r\n\r\n".encode() + b"x" * sent)
        self.request = next(get_parser(Config(), self._theirs, ("127.0.0.1", 1)))
        bodies.limit(self.request)
        self.reading = gevent.spawn(self._read)

    def _read(self) -> str:
        try:
            return f"{len(self.request.body.read())} bytes"
        except BodyTimeoutError:
            return "given up"

    def outcome(self) -> str:
        """What became of it; the connection is closed then."""
        with self.ours, self._theirs:
            return str(self.reading.get(timeout=PATIENCE))


def test_a_body_that_does_not_arrive_is_given_up_and_its_connection_with_it() -> None:
    bodies = Bodies(body_time=0.1)
    forms = [
        Form(bodies, 1000, 500),
        Form(bodies, 0, 0, "Transfer-Encoding: chunked"),
        Form(bodies, 1000, 1000),
    ]

    assert [form.outcome() for form in forms] == ["given up", "given up", "1000 bytes"]
    assert [form.request.body.failed for form in forms] == [True, True, False]
    assert len(bodies) == 0


def test_a_larger_body_has_more_time() -> None:
    bodies = Bodies(body_time=0.05)
    small, large = Form(bodies, 1000, 500), Form(bodies, 600_000, 500)

    assert small.outcome() == "given up"
    rest = gevent.spawn(large.ours.sendall, b"x" * 599_500)

    assert large.outcome() == "600000 bytes"
    rest.join()


def test_of_too_many_half_bodies_the_oldest_is_given_up() -> None:
    bodies = Bodies(most=2)
    forms = [Form(bodies, 10, 5)]
    for _ in range(2):
        gevent.sleep(0)
        forms.append(Form(bodies, 10, 5))

    assert forms[0].outcome() == "given up"
    for form in forms[1:]:
        form.ours.sendall(b"x" * 5)
    assert [form.outcome() for form in forms[1:]] == ["10 bytes", "10 bytes"]


def test_many_requests_at_once_leave_turns_for_others_and_keep_their_order() -> None:
    turns, order = Turns(), list[object]()

    def page(number: int) -> None:
        turns.wait()
        order.append(number)
        _be_busy(LONGEST_TURN)

    def others() -> None:
        while len(order) < 30:
            order.append("other")
            gevent.sleep(0.0001)

    gevent.sleep(0.001)
    greenlets = [gevent.spawn(page, number) for number in range(10)]
    greenlets.append(gevent.spawn(others))
    gevent.joinall(greenlets, timeout=PATIENCE, raise_error=True)

    assert [each for each in order if each != "other"] == list(range(10))
    # Between any two pages but the first.
    for number in range(1, 9):
        assert order.index(number + 1) > order.index(number) + 1


def _be_busy(seconds: float) -> None:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        pass
