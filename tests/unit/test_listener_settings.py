"""The settings of the link to the Pusher server: what they promise without being told."""

import pytest

from aircall.pusher.connection import PusherSettings


def test_a_dead_link_is_noticed_within_25_seconds_and_a_mute_server_within_30() -> None:
    settings = PusherSettings(key="key", cluster="eu")

    assert settings.ping_interval + 2 * settings.pong_timeout <= 25.0
    assert settings.pusher_ping_interval + settings.pong_timeout <= 30.0


def test_pings_that_would_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="ping_interval"):
        PusherSettings(key="key", cluster="eu", ping_interval=5.0, pong_timeout=5.0)
