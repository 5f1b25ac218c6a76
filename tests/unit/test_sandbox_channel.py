"""The signatures and frames of the sandbox's channel, beside Pusher's own server library."""

import json

import pytest
from pusher import Pusher

from sandbox.channel import error_frame, frame, is_signed, signature

KEY = "d44e3d910d38a928e0be"
SECRET = "a secret of this test"


@pytest.mark.parametrize("socket_id", ["1.1", "123.456", "999999.123456"])
@pytest.mark.parametrize("channel", ["private-aircall", "private-something-else"])
def test_the_signature_is_that_of_pushers_own_library(socket_id: str, channel: str) -> None:
    pusher = Pusher(app_id="1", key=KEY, secret=SECRET, cluster="eu")

    ours = signature(KEY, SECRET, socket_id, channel)

    assert {"auth": ours} == pusher.authenticate(channel=channel, socket_id=socket_id)


@pytest.mark.parametrize("given", [None, 7, "", f"{KEY}:00", f"{KEY}:é", "\ud800"])
def test_anything_else_is_not_a_signature(given: object) -> None:
    assert not is_signed(given, signature(KEY, SECRET, "1.1", "private-aircall"))


def test_a_channel_that_cannot_be_encoded_is_signed_all_the_same() -> None:
    expected = signature(KEY, SECRET, "1.1", "private-\ud800")

    assert is_signed(expected, expected)


def test_frames_are_json_objects_that_name_a_channel_only_where_there_is_one() -> None:
    assert json.loads(frame("update-call", "{}", "private-aircall")) == {
        "event": "update-call",
        "channel": "private-aircall",
        "data": "{}",
    }
    assert json.loads(error_frame(4001, "No such app")) == {
        "event": "pusher:error",
        "data": {"code": 4001, "message": "No such app"},
    }
