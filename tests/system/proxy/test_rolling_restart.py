"""One instance after the other is restarted while people work: no request fails."""

import pytest
import requests

from tests.soak.people import Work, people_at_work
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch
from tests.support.waiting import wait_until
from tests.system.proxy.conftest import STARTING_TIME
from tests.system.proxy.instance import Instance
from tests.system.proxy.nginx import Proxy
from tests.system.proxy.test_behind_nginx import log_in

# Seconds. From SIGTERM to the leader until another one leads: the promise is 2, a busy machine has some more.
FAILOVER = 8.0
PEOPLE = 3
# Seconds between two actions of a person, about, so that the machine has time for others.
PACE = 0.2

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def cookies(served: str, visitor: requests.Session, sandbox: Sandbox) -> dict[str, str]:
    """Alice's cookies, once live updates are on."""
    assert log_in(visitor, served).url == f"{served}/calls"
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, STARTING_TIME, "the subscription")
    return visitor.cookies.get_dict()


def test_no_request_fails_while_one_instance_after_the_other_is_restarted(
    dashboards: list[Instance],
    proxy: Proxy,
    cookies: dict[str, str],
    sandbox: Sandbox,
    took: Stopwatch,
) -> None:
    calls = [str(call["id"]) for call in sandbox.calls()]
    works = [Work(cookies, calls[number::PEOPLE][:5], calls[number::PEOPLE][:5]) for number in range(PEOPLE)]
    with (
        took("both instances restarted"),
        people_at_work(proxy.url, works, PACE, proxy.certificate) as people,
    ):
        for dashboard in dashboards:
            restart(dashboard, proxy)

    assert [person.failed for person in people] == [[]] * PEOPLE
    assert sum(person.statuses[200] for person in people) > 30
    written = [(call, note) for person in people for call, note in person.notes]
    assert written
    kept = {call: [note["content"] for note in sandbox.call(call)["notes"]] for call, _ in written}
    assert [kept[call].count(note) for call, note in written] == [1] * len(written)


@pytest.mark.usefixtures("cookies")
def test_the_leader_hands_over_as_soon_as_it_is_told_to_stop(
    dashboards: list[Instance], took: Stopwatch
) -> None:
    leader, other = sorted(dashboards, key=Instance.is_leader, reverse=True)
    assert (leader.is_leader(), other.is_leader()) == (True, False)

    leader.terminate()

    with took("another instance leads"):
        wait_until(other.is_leader, FAILOVER, "the failover")
    assert leader.wait_for_end() == 0


def restart(instance: Instance, proxy: Proxy) -> None:
    """End an instance and start it again; it is back when nginx lets it answer."""
    instance.terminate()
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
