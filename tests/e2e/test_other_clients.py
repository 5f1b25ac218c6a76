"""A client of somebody else's, a page of another origin: the sandbox answers it as the hosted API does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from tests.support.node import installed_pusher_js
from tests.support.ports import LOOPBACK
from tests.support.pusher_socket import APP_KEY
from tests.support.sandbox import TIMEOUT, Sandbox

# What the front ends that people have built on this API do: each method, JSON, a Bearer token, and pusher-js.
CLIENT = """
async ({ api, host, port, key }) => {
  const ask = async (method, path, token, body) => {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` };
    const answer = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  };
  const login = await ask('POST', '/auth/login', '', { username: 'alice', password: 'any' });
  const renewed = await ask('POST', '/auth/refresh-token-v2', login.body.refresh_token, {});
  const token = renewed.body.access_token;
  const list = await ask('GET', '/calls?offset=0&limit=5', token);
  const [call] = list.body.nodes;

  const pusher = new Pusher(key, {
    cluster: 'eu', wsHost: host, wsPort: port, forceTLS: false, enabledTransports: ['ws'], enableStats: false,
    channelAuthorization: {
      endpoint: `${api}/pusher/auth`, transport: 'ajax', headers: { Authorization: `Bearer ${token}` },
    },
  });
  const channel = pusher.subscribe('private-aircall');
  const subscribed = new Promise((done, failed) => {
    channel.bind('pusher:subscription_succeeded', done);
    channel.bind('pusher:subscription_error', (error) => failed(new Error(JSON.stringify(error))));
  });
  const event = new Promise((done) => channel.bind('update-call', done));
  await subscribed;

  const archived = await ask('PUT', `/calls/${call.id}/archive`, token);
  const pushed = await event;
  const noted = await ask('POST', `/calls/${call.id}/note`, token, { content: 'From another origin' });
  const refused = await ask('GET', '/me', 'not a token');
  const missing = await ask('GET', '/nowhere', token);
  pusher.disconnect();
  return {
    call, pushed, archived: archived.body, noted: noted.body,
    statuses: [login, renewed, list, archived, noted, refused, missing].map(({ status }) => status),
  };
}
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@contextmanager
def other_origin(folder: Path) -> Iterator[str]:
    """Serve a folder, as the host of a front end does."""
    with ThreadingHTTPServer((LOOPBACK, 0), partial(Quiet, directory=folder)) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://{LOOPBACK}:{server.server_port}"
        server.shutdown()
        serving.join()


@pytest.fixture
def origin() -> Iterator[str]:
    """Where another front end is served, which is pusher-js alone."""
    with other_origin(installed_pusher_js() / "node_modules" / "pusher-js" / "dist" / "web") as origin:
        yield origin


def test_a_page_of_another_origin_uses_every_endpoint_and_the_channel(
    browser: Browser, sandbox: Sandbox, origin: str
) -> None:
    page = browser.new_page()
    page.goto(origin)
    page.add_script_tag(url="pusher.min.js")

    api = {"api": sandbox.url, "host": sandbox.host, "port": sandbox.port, "key": APP_KEY}
    seen = page.evaluate(CLIENT, api)
    page.close()

    assert seen["statuses"] == [201, 201, 200, 200, 201, 401, 404]
    assert (
        seen["pushed"] == seen["archived"] == {**seen["call"], "is_archived": not seen["call"]["is_archived"]}
    )
    assert seen["noted"] == sandbox.call(seen["call"]["id"])
    assert seen["noted"]["notes"][0]["content"] == "From another origin"
    # Questions that browsers ask first are no requests; the signature of the subscription is one.
    assert sandbox.counters().requests == len(seen["statuses"]) + 1


def test_a_fault_reaches_a_page_of_another_origin_as_a_response(
    browser: Browser, sandbox: Sandbox, origin: str
) -> None:
    sandbox.answer_503(times=1, path="/calls")
    page = browser.new_page()
    page.goto(origin)

    ask = "async (url) => (await fetch(url, { headers: { Authorization: 'Bearer any' } })).status"
    statuses = [page.evaluate(ask, f"{sandbox.url}/calls") for _ in range(2)]
    page.close()

    assert statuses == [503, 401]


def test_no_page_of_another_origin_reads_or_acts_by_the_control_endpoints(sandbox: Sandbox) -> None:
    for path in ("/sandbox/calls", "/sandbox/counters"):
        answer = requests.options(
            sandbox.url + path, headers={"Access-Control-Request-Method": "PUT"}, timeout=TIMEOUT
        )
        read = requests.get(sandbox.url + path, timeout=TIMEOUT)

        assert [name for name in (*answer.headers, *read.headers) if name.startswith("Access-Control")] == []
