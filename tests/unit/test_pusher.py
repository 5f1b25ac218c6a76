"""The settings, the backoff and the parsing of the Pusher connection."""

import pytest

from aircall.errors import MalformedResponseError
from aircall.pusher.connection import LONGEST_DATA, PusherSettings, decoded, fields
from aircall.pusher.listener import JITTER, Backoff

SETTINGS = PusherSettings(
    key="key", cluster="eu", first_retry=0.4, retry_min=1.0, retry_max=30.0, stable_after=30.0
)


def test_a_dead_link_is_noticed_within_25_seconds_and_a_mute_server_within_30() -> None:
    settings = PusherSettings(key="key", cluster="eu")

    assert settings.ping_interval + 2 * settings.pong_timeout <= 25.0
    assert settings.pusher_ping_interval + settings.pong_timeout <= 30.0


def test_overlapping_pings_are_refused() -> None:
    with pytest.raises(ValueError, match="ping_interval"):
        PusherSettings(key="key", cluster="eu", ping_interval=5.0, pong_timeout=5.0)


@pytest.mark.parametrize(
    ("live_for", "expected"),
    [
        ([None] * 5, [1.0, 2.0, 4.0, 8.0, 16.0]),
        ([2.0] * 4, [0.4, 1.0, 2.0, 4.0]),
        ([None, 2.0, None], [1.0, 2.0, 4.0]),
        ([*[None] * 3, 30.0, None, None], [1.0, 2.0, 4.0, 0.4, 1.0, 2.0]),
    ],
    ids=["never live", "a link that drops", "live after a failure", "a stable link"],
)
def test_waits_double_except_after_a_stable_link(live_for: list[float | None], expected: list[float]) -> None:
    backoff = Backoff(SETTINGS)

    delays = [backoff.delay(seconds) for seconds in live_for]

    for delay, minimum in zip(delays, expected, strict=True):
        assert minimum <= delay <= minimum * JITTER


def test_waits_are_bounded_and_random() -> None:
    backoff = Backoff(SETTINGS)

    delays = [backoff.delay(None) for _ in range(2000)]

    assert max(delays) <= 30.0
    assert min(delays[5:]) >= 24.0
    assert len(set(delays[5:55])) > 10


UNREADABLE = {
    "not JSON": "{",
    "empty": "",
    "NaN": "NaN",
    "too deep": "[" * 100_000,
    "a lone surrogate": '"\ud800"',
    "too long": '"' + "x" * LONGEST_DATA + '"',
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_text_is_malformed_and_has_no_fields(data: str) -> None:
    with pytest.raises(MalformedResponseError):
        decoded(data)

    assert fields(data) == {}


@pytest.mark.parametrize(
    ("data", "found"),
    [('{"a": 1}', {"a": 1}), ({"a": 1}, {"a": 1}), (None, {}), (7, {}), ([], {}), ("[]", {}), ("null", {})],
)
def test_data_may_be_text_or_an_object_and_anything_else_has_no_fields(data: object, found: object) -> None:
    assert fields(data) == found
