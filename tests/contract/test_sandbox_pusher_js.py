"""The channel, seen by a client nobody here wrote: Pusher's own JavaScript library."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import Started, running
from tests.support.pusher_socket import APP_KEY
from tests.support.rest_client import RestClient
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

FOLDER = Path(__file__).parent / "pusher_js"
# How long npm may take for two small packages, in seconds.
INSTALLING_TIME = 50


@pytest.fixture(scope="module")
def _pusher_js() -> None:
    if not (FOLDER / "node_modules" / "pusher-js").exists():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=FOLDER, check=True, timeout=INSTALLING_TIME)


@contextmanager
def client(sandbox: Sandbox, token: str, ready: str) -> Iterator[Started]:
    command = ["node", "subscribe.mjs", sandbox.host, str(sandbox.port), APP_KEY]
    environment = {**os.environ, "ACCESS_TOKEN": token}
    with running(command, ready, environment=environment, directory=FOLDER) as started:
        yield started


def calls_in(output: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in output.splitlines()]
    return [entry["data"] for entry in told if entry["what"] == "update-call"]


@pytest.mark.usefixtures("_pusher_js")
def test_it_subscribes_by_itself_and_receives_every_change(sandbox: Sandbox, rest: RestClient) -> None:
    call_id = sandbox.calls()[0]["id"]
    with client(sandbox, rest.access_token, '"subscribed"') as started:
        expected = [
            rest.put(f"/calls/{call_id}/archive").json(),
            rest.post(f"/calls/{call_id}/note", {"content": "Bonjour 🎉"}).json(),
            sandbox.archive(call_id),
        ]

        wait_until(lambda: calls_in(started.output()) == expected, what="three changes arrived")


@pytest.mark.usefixtures("_pusher_js")
def test_it_subscribes_again_after_a_reset_connection(sandbox: Sandbox, rest: RestClient) -> None:
    call_id = sandbox.calls()[0]["id"]
    with client(sandbox, rest.access_token, '"subscribed"') as started:
        sandbox.drop_sockets(4200)
        wait_until(lambda: sandbox.counters().subscriptions_total == 2, what="it subscribed again")

        expected = sandbox.archive(call_id)

        wait_until(lambda: calls_in(started.output()) == [expected], what="the change arrived")


@pytest.mark.usefixtures("_pusher_js")
@pytest.mark.parametrize(
    "spoil", [Sandbox.expire_access_tokens, Sandbox.refuse_channel_auth], ids=lambda fault: fault.__name__
)
def test_it_is_told_that_it_may_not_subscribe(
    sandbox: Sandbox, rest: RestClient, spoil: Callable[[Sandbox], None]
) -> None:
    spoil(sandbox)

    with client(sandbox, rest.access_token, '"refused"'):
        assert sandbox.counters().subscriptions_total == 0
