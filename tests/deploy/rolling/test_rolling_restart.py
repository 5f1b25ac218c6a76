"""One instance after the other is restarted while people work: nobody's request fails."""

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from time import monotonic

import pytest

from tests.deploy.nginx import Proxy
from tests.deploy.rolling.conftest import STARTING_TIME
from tests.deploy.rolling.instance import Instance
from tests.deploy.rolling.load import Person, at_work, together
from tests.deploy.test_behind_nginx import COOKIE
from tests.support.bare_socket import BareSocket
from tests.support.exposition import scrape
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# From SIGTERM to the owner until another one is, and until a page that was hung up on is back (seconds).
TAKEOVER, COMING_BACK = 2.0, 5.0
MOST_PAGES = 6


def test_no_request_fails_while_one_instance_after_the_other_is_restarted(
    pair: list[Instance],
    proxy: Proxy,
    people: list[Person],
    sandbox: Sandbox,
    measured: Callable[[str], None],
) -> None:
    with at_work(people):
        for instance in pair:
            restart(instance, proxy)
    tally = together(people)

    measured(str(tally))
    assert tally.failed == []
    assert min(tally.requests["GET"], tally.requests["POST"]) > 20
    written = [(call, note) for person in people for call, note in person.notes]
    kept = {call: [note["content"] for note in sandbox.call(call)["notes"]] for call, _ in written}
    assert [kept[call].count(note) for call, note in written] == [1] * len(written)


@pytest.mark.usefixtures("cookies")
def test_the_owner_hands_over_as_soon_as_it_is_told_to_stop(
    pair: list[Instance], measured: Callable[[str], None]
) -> None:
    owner, other = sorted(pair, key=Instance.is_leader, reverse=True)
    assert (owner.is_leader(), other.is_leader()) == (True, False)
    told_at = monotonic()
    owner.send(signal.SIGTERM)

    wait_until(other.is_leader, 20, "the takeover")

    taken_after = monotonic() - told_at
    measured(f"{taken_after:.2f} s")
    assert taken_after < TAKEOVER
    assert owner.wait_for_end() == 0


def test_an_open_page_is_hung_up_on_and_comes_back_through_nginx_at_once(
    pair: list[Instance],
    cookies: dict[str, str],
    proxy: Proxy,
    sandbox: Sandbox,
    measured: Callable[[str], None],
) -> None:
    with ExitStack() as stack:
        page = page_at(pair[0], proxy, cookies[COOKIE], stack)
        told_at = monotonic()
        pair[0].send(signal.SIGTERM)
        page.read_to_end()
        again = stack.enter_context(opened(proxy, cookies[COOKIE]))
        again.next_of("caught-up")
        back_after = monotonic() - told_at
        assert pair[0].wait_for_end() == 0
        changed = sandbox.archive(sandbox.calls()[0]["id"])

        _, event = again.next_of("update-call")

    measured(f"{back_after:.2f} s")
    assert event["call"] == changed
    assert back_after < COMING_BACK


def page_at(instance: Instance, proxy: Proxy, cookie: str, stack: ExitStack) -> BareSocket:
    """A page that nginx has opened at this instance; there may be others at the other one."""
    for _ in range(MOST_PAGES):
        page = stack.enter_context(opened(proxy, cookie))
        page.next_of("caught-up")
        if scrape(instance.address).total("callboard_open_sockets"):
            return page
    raise AssertionError(f"none of {MOST_PAGES} pages was opened at {instance.address}")


def opened(proxy: Proxy, cookie: str) -> AbstractContextManager[BareSocket]:
    """A page as it is opened by its public name."""
    return BareSocket.connect(proxy.url, cookie, trusted=proxy.certificate)


def restart(instance: Instance, proxy: Proxy) -> None:
    """End an instance and start it again; it is back when nginx lets it answer."""
    instance.send(signal.SIGTERM)
    assert instance.wait_for_end() == 0
    instance.close()
    already = answers_of(instance, proxy)
    instance.start()
    wait_until(instance.is_ready, STARTING_TIME, "the instance that was restarted")
    wait_until(lambda: answers_of(instance, proxy) > already, STARTING_TIME, "its turn")


def answers_of(instance: Instance, proxy: Proxy) -> int:
    """How many requests that went through nginx it has answered alone."""
    asked = f"upstream {instance.address.removeprefix('http://')} 200 "
    return proxy.access_log.read_text().count(asked)
