"""Taking a caller: who has them is shown everywhere, and ends by hand, by a conversation, or by archiving."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask

from aircall.calls.phone_numbers import number_key
from aircall.models import Call, User
from aircall.team.activity import Action
from tests.support.arrivals import PARIS
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until
from tests.web.conftest import NewCall, services_of
from tests.web.test_callers import SANDBOX_IS_OLD, answered_by_us, missed, row_of
from tests.web.test_sockets import connected, events

ADDRESS, QUEUE = f"/callers/{PARIS}/claim", f"/callers?{SANDBOX_IS_OLD}"


@pytest.fixture(autouse=True)
def waiting_call(app: Flask, alice: Person, new_call: NewCall) -> str:
    """The call of a caller who waits."""
    assert alice.status
    wait_until(services_of(app).replica.store.callers.is_complete, 10, "the queue")
    return missed(new_call)


def take(person: Person, path: str = QUEUE) -> Person:
    return person.get(path).submit(ADDRESS, claimed="true")


def holder(app: Flask) -> str | None:
    claim = services_of(app).team.claims.of_numbers([PARIS]).get(number_key(PARIS))
    return claim.user.username if claim else None


def actions(app: Flask) -> list[Action]:
    """What was done about the caller, except with single calls, newest first."""
    return [line.action for line in services_of(app).team.activity.of_number(PARIS) if not line.call_id]


def test_who_has_a_caller_is_shown_in_list_queue_and_on_pages(
    app: Flask, alice: Person, bob: Person, waiting_call: str
) -> None:
    take(alice)

    assert holder(app) == "alice"
    for person in (alice, bob):
        for path in ("/calls", f"/calls/{waiting_call}", f"/callers/{PARIS}", QUEUE):
            assert "alice has been on it since" in person.get(path).text, path
    alice.get("/callers?sort=newest&per_page=25")
    tabs = {each.text: str(each["href"]) for each in alice.page.select("nav[aria-label='Who is on it'] a")}
    assert tabs["Mine"] == "/callers?who=mine&sort=newest&per_page=25"
    assert row_of(alice, PARIS, tabs["Mine"].partition("?")[2]) is not None
    assert alice.find("[aria-label='Who is on it'] [aria-current]").text == "Mine"
    assert alice.find("#filters [name=who]")["value"] == "mine"
    assert row_of(bob, PARIS, "who=mine") is None
    assert row_of(bob, PARIS, f"who=nobody&{SANDBOX_IS_OLD}") is None
    assert actions(app) == [Action.TAKEN]


@pytest.mark.parametrize("place", ["queue", "caller", "call"])
def test_whoever_has_a_caller_lets_go_where_they_took_them(
    app: Flask, alice: Person, waiting_call: str, place: str
) -> None:
    path = {"queue": QUEUE, "caller": f"/callers/{PARIS}", "call": f"/calls/{waiting_call}"}[place]
    take(alice, path)
    assert alice.path == path.partition("?")[0]

    alice.submit(ADDRESS, claimed="false")

    assert holder(app) is None
    assert alice.path == path.partition("?")[0]
    assert not alice.page.select("[data-claim] .tag")
    assert actions(app) == [Action.LET_GO, Action.TAKEN]


def test_who_comes_second_is_told_who_was_faster(app: Flask, alice: Person, bob: Person) -> None:
    bob.get(f"/callers/{PARIS}")
    take(alice)

    bob.submit(ADDRESS, claimed="true")

    assert holder(app) == "alice"
    assert "alice was faster" in bob.flash


def test_of_two_who_press_at_once_one_has_the_caller_and_the_other_is_told(
    app: Flask, alice: Person, bob: Person
) -> None:
    people = {person: person.get(f"/callers/{PARIS}") for person in (alice, bob)}
    both = Barrier(2)

    def press(person: Person) -> bool:
        both.wait(10)
        return "was faster" in person.submit(ADDRESS, claimed="true").flash

    with ThreadPoolExecutor() as pool:
        told = dict(zip(("alice", "bob"), pool.map(press, people), strict=True))

    assert [name for name, is_told in told.items() if not is_told] == [holder(app)]


def test_taking_over_asks_first(app: Flask, alice: Person, bob: Person) -> None:
    take(alice)
    link = bob.get(f"/callers/{PARIS}").find("[data-take]")

    bob.get(str(link["href"]))
    assert "alice has been on it since" in bob.text
    assert holder(app) == "alice"
    bob.submit(ADDRESS, claimed="true")

    assert holder(app) == "bob"
    assert bob.path == f"/callers/{PARIS}"
    assert actions(app) == [Action.TAKEN_OVER, Action.TAKEN]


def test_a_conversation_ends_the_claim(app: Flask, alice: Person, new_call: NewCall) -> None:
    take(alice)

    answered_by_us(new_call, minutes=0, duration=60_000)

    wait_until(lambda: holder(app) is None, 10, "the end of the claim")
    assert actions(app) == [Action.REACHED, Action.TAKEN]


def test_a_conversation_that_comes_to_light_late_ends_the_claim_and_a_note_on_an_older_one_does_not(
    app: Flask, alice: Person, new_call: NewCall, sandbox: Sandbox
) -> None:
    old = answered_by_us(new_call, minutes=100)
    take(alice)
    sandbox.add_note(old, "They were glad")
    services_of(app).replica.apply(Call.from_json(sandbox.call(old)))
    assert holder(app) == "alice"

    answered_by_us(new_call, minutes=5, duration=60_000)

    wait_until(lambda: holder(app) is None, 10, "the end of the claim")
    assert actions(app) == [Action.REACHED, Action.TAKEN]


def test_archiving_all_calls_ends_the_claim(app: Flask, alice: Person, new_call: NewCall) -> None:
    missed(new_call, minutes=5)
    take(alice, f"/callers/{PARIS}")

    alice.submit(f"/callers/{PARIS}/archive", archived="true")

    wait_until(lambda: holder(app) is None, 10, "the end of the claim")
    assert actions(app) == [Action.CLOSED, Action.TAKEN]


def test_a_caller_without_a_call_in_the_inbox_cannot_be_taken(
    app: Flask, alice: Person, waiting_call: str
) -> None:
    # A page that was open before.
    page = alice.get(f"/callers/{PARIS}").page
    alice.submit(f"/callers/{PARIS}/archive", archived="true")
    assert not alice.get(f"/callers/{PARIS}").page.select("[data-take]")
    assert not alice.get(f"/calls/{waiting_call}").page.select("[data-take]")

    alice.page = page
    alice.submit(ADDRESS, claimed="true")

    assert holder(app) is None
    assert "This caller has no call in the inbox" in alice.flash


def test_what_is_no_desired_state_or_no_known_number_is_refused(alice: Person) -> None:
    token = alice.get(f"/callers/{PARIS}").page.select("[name=csrf_token]")[0]["value"]
    for address, fields, status in [
        (ADDRESS, {"csrf_token": token, "claimed": "perhaps"}, 400),
        (ADDRESS, {"claimed": "true"}, 400),
        ("/callers/+33999999999/claim", {"csrf_token": token, "claimed": "true"}, 404),
    ]:
        assert alice.client.post(address, data=fields).status_code == status
    assert alice.get("/callers/+33999999999/claim").status == 404


def test_open_pages_are_told_and_those_that_missed_it_when_they_connect(
    app: Flask, alice: Person, bob: Person
) -> None:
    revision = bob.get("/calls").find("body")["data-claims"]
    page = connected(app, bob)

    take(alice)

    (told,) = events(page, "team-change")
    assert (told["topic"], told["numbers"]) == ("claims", [number_key(PARIS)])
    (late,) = events(connected(app, bob, claims=revision), "team-change")
    assert (late["topic"], late["numbers"]) == ("claims", None)
    current = bob.get("/calls").find("body")["data-claims"]
    assert events(connected(app, bob, claims=current), "team-change") == []


def test_a_pushed_row_has_who_has_the_caller(
    app: Flask, alice: Person, bob: Person, waiting_call: str, sandbox: Sandbox
) -> None:
    take(alice)
    page = connected(app, bob, {"language": "en", "zone": "Europe/Paris"})

    sandbox.add_note(waiting_call, "Soon")
    services_of(app).replica.apply(Call.from_json(sandbox.call(waiting_call)))

    pushed = events(page, "update-call")[-1]
    assert "has been on it since" in pushed["html"]
    assert str(pushed["claims"]) == bob.get("/calls").find("body")["data-claims"]


def test_the_name_of_who_has_a_caller_is_text(app: Flask, alice: Person, waiting_call: str) -> None:
    services_of(app).team.claims.take(PARIS, User(id="9", username="<b>eve</b>"))

    for path in ("/calls", f"/calls/{waiting_call}", f"/callers/{PARIS}", QUEUE, ADDRESS):
        assert "<b>eve</b> has been on it since" in alice.get(path).text, path
