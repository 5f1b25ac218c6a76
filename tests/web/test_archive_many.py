"""Many calls at once: exactly those that were named, with a result for each, a stop and another try."""

import pytest

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def inbox(sandbox: Sandbox) -> set[str]:
    return {call["id"] for call in sandbox.calls() if not call["is_archived"]}


def notice(person: Person) -> str:
    return " ".join(person.find("#notices").get_text(" ").split())


def finish(person: Person) -> Person:
    """Follow the page of a job until it is finished."""
    wait_until(lambda: not person.get(person.path).page.select("[data-under-way]"), 30)
    return person


def test_all_that_match_are_archived_after_they_were_counted(alice: Person, sandbox: Sandbox) -> None:
    missed = {
        call["id"] for call in sandbox.calls() if call["call_type"] == "missed" and not call["is_archived"]
    }
    others = inbox(sandbox) - missed
    alice.get("/calls?type=missed&per_page=10")
    link = next(link for link in alice.page.select(".bulk a") if "Archive all" in link.get_text())
    assert str(len(missed)) in link.get_text()

    alice.get(str(link["href"]))
    assert f"Archive {len(missed)} calls?" in alice.text
    assert "in the inbox, missed" in alice.text
    alice.submit("/calls/archive", archived="true")
    if alice.path != "/calls":
        finish(alice)

    assert inbox(sandbox) == others


def test_a_call_that_comes_to_match_meanwhile_was_not_named_and_stays(
    alice: Person, sandbox: Sandbox
) -> None:
    alice.get("/calls/archive?archived=true&type=missed&direction=inbound")
    newcomer = sandbox.add_call(call_type="missed", direction="inbound")
    alice.submit("/calls/archive", archived="true")
    if alice.path != "/calls":
        finish(alice)

    assert sandbox.call(newcomer["id"])["is_archived"] is False


def test_the_question_is_about_all_pages_wherever_the_list_began(alice: Person, sandbox: Sandbox) -> None:
    last = alice.get("/calls?per_page=100").call_ids[-1]

    alice.get(f"/calls/archive?archived=true&top=0-{last}")

    assert f"Archive {len(inbox(sandbox))} calls?" in alice.text


def test_the_question_names_what_it_leaves_out(alice: Person) -> None:
    alice.get("/calls/archive?archived=true&type=misssed&from=yesterday")

    assert "“misssed” is not a type we know, so it is left out." in alice.text
    assert "“yesterday” is not a usable date" in alice.text


def test_before_the_list_has_been_read_the_question_says_what_it_counts(
    stranger: Person, sandbox: Sandbox
) -> None:
    sandbox.be_slow(5.0, path="/calls")
    stranger.sign_in("alice")

    stranger.get("/calls/archive?archived=true")

    assert "The call history is still being read." in stranger.text
    sandbox.clear_faults()
    wait_until(lambda: "still being read" not in stranger.get("/calls/archive?archived=true").text, 10)


def test_nothing_that_matches_can_be_archived_twice(alice: Person) -> None:
    alice.get("/calls/archive?archived=true&view=archived")

    assert "Nothing to do" in alice.text


@pytest.mark.parametrize("path", ["/calls/archive", "/calls/archive?archived=perhaps"])
def test_the_question_needs_a_wanted_state(alice: Person, path: str) -> None:
    assert alice.get(path).status == 400


def test_what_failed_is_told_call_by_call_and_tried_again(alice: Person, sandbox: Sandbox) -> None:
    ids = alice.call_ids[:3]
    sandbox.answer_with(status=500, body=b"{}", times=100, path=f"/calls/{ids[1]}")

    alice.submit("/calls/archive", archived="true", ids=ids)
    assert "2 calls archived." in notice(alice)
    assert "1 of 3 could not be archived." in notice(alice)
    alice.get(str(alice.find("#notices a")["href"]))
    assert len(alice.page.select("[data-result]")) == 1
    assert ids[1] in str(alice.find("[data-result] a")["href"])
    job_path = alice.path
    sandbox.clear_faults()
    alice.submit(f"{job_path}/retry")

    assert sandbox.call(ids[1])["is_archived"] is True
    assert "Call archived." in notice(alice)
    assert set(sandbox.counters().archive_flips_by_call.values()) == {1}


def test_a_long_change_shows_how_far_it_is_and_can_be_stopped(alice: Person, sandbox: Sandbox) -> None:
    before = inbox(sandbox)
    alice.get("/calls/archive?archived=true")
    sandbox.be_slow(seconds=0.4, times=None, path="/calls/")

    alice.submit("/calls/archive", archived="true")
    assert alice.path.startswith("/calls/archive/")
    bar = alice.find("progress")
    assert int(str(bar["max"])) == len(before)
    assert alice.find("noscript meta")["http-equiv"] == "refresh"
    alice.submit(f"{alice.path}/stop")
    finish(alice)
    sandbox.clear_faults()

    archived_count = len(before) - len(inbox(sandbox))
    assert 0 < archived_count < len(before)
    assert f"{archived_count} of {len(before)} calls archived" in alice.text
    assert "not reached" in alice.text
    alice.submit(f"{alice.path}/undo")
    if alice.path != "/calls":
        finish(alice)
    assert inbox(sandbox) == before


def test_a_job_is_shown_to_nobody_else(alice: Person, bob: Person, sandbox: Sandbox) -> None:
    ids = alice.call_ids[:2]
    sandbox.answer_with(status=500, body=b"{}", times=100, path=f"/calls/{ids[0]}")
    alice.submit("/calls/archive", archived="true", ids=ids)
    path = str(alice.find("#notices a")["href"])

    assert alice.get(path).status == 200
    assert bob.get(path).status == 404


def test_ids_that_are_none_change_nothing(alice: Person, sandbox: Sandbox) -> None:
    alice.submit("/calls/archive", archived="true", ids=[alice.call_ids[0], "../me"])

    assert alice.status == 404
    assert sandbox.counters().archive_flips == 0


def test_more_calls_than_a_job_may_have_are_refused(alice: Person, sandbox: Sandbox) -> None:
    made_up = ",".join(f"00000000-0000-4000-8000-{number:012}" for number in range(1000))

    alice.submit("/calls/archive", archived="true", ids=[alice.call_ids[0], made_up])

    assert alice.status == 400
    assert "At most 1,000 calls" in alice.text
    assert sandbox.counters().archive_flips == 0


def test_as_many_calls_as_a_job_may_have_are_taken(alice: Person, sandbox: Sandbox) -> None:
    made_up = ",".join(f"00000000-0000-4000-8000-{number:012}" for number in range(999))

    alice.submit("/calls/archive", archived="true", ids=[alice.call_ids[0], made_up])
    if alice.path != "/calls":
        finish(alice)

    assert "1 of 1,000 calls archived" in alice.text or "1 call archived" in notice(alice)
    assert sandbox.counters().archive_flips == 1


def test_nothing_ticked_is_said_and_changes_nothing(alice: Person, sandbox: Sandbox) -> None:
    alice.submit("/calls/archive", archived="true")

    assert notice(alice).startswith("Tick the calls first.")
    assert sandbox.counters().archive_flips == 0
