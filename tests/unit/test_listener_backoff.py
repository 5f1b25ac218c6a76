"""How long the listener waits between connections, as numbers."""

from aircall.pusher.connection import PusherSettings
from aircall.pusher.listener import JITTER, Backoff

SETTINGS = PusherSettings(
    key="key", cluster="eu", first_retry=0.4, retry_min=1.0, retry_max=30.0, stable_after=30.0
)


def assert_spread(delays: list[float], least: list[float]) -> None:
    """Each delay is its least or up to the jitter longer."""
    assert len(delays) == len(least)
    for delay, shortest in zip(delays, least, strict=True):
        assert shortest <= delay <= shortest * JITTER


def test_waits_double_from_the_shortest_to_the_longest_and_stay_there() -> None:
    backoff = Backoff(SETTINGS)

    delays = [backoff.delay(None) for _ in range(2000)]

    assert_spread(delays[:5], [1.0, 2.0, 4.0, 8.0, 16.0])
    assert max(delays) <= 30.0
    assert min(delays[5:]) >= 24.0


def test_waits_differ_so_that_many_dashboards_do_not_come_back_together() -> None:
    first_waits = {Backoff(SETTINGS).delay(None) for _ in range(50)}

    assert len(first_waits) > 10


def test_a_link_that_was_live_is_tried_again_almost_at_once_but_only_the_first_time() -> None:
    backoff = Backoff(SETTINGS)

    delays = [backoff.delay(live_for=2.0) for _ in range(4)]

    assert_spread(delays, [0.4, 1.0, 2.0, 4.0])


def test_a_link_that_was_never_live_is_no_exception() -> None:
    backoff = Backoff(SETTINGS)

    delays = [backoff.delay(None), backoff.delay(live_for=2.0), backoff.delay(None)]

    assert_spread(delays, [1.0, 2.0, 4.0])


def test_a_calm_link_ends_the_growth() -> None:
    backoff = Backoff(SETTINGS)
    for _ in range(6):
        backoff.delay(None)

    delays = [backoff.delay(live_for=30.0), backoff.delay(None), backoff.delay(None)]

    assert_spread(delays, [0.4, 1.0, 2.0])
