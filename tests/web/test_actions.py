"""Recent actions, each with its result and Undo, and the light answers that scripts get."""

import json
from typing import Any

from bs4 import BeautifulSoup

from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

FOR_SCRIPT = {"X-Requested-With": "change"}


def answer(person: Person, path: str, **fields: Any) -> BeautifulSoup:
    """Send what the script sends."""
    token = person.get("/calls").find("#calls-form [name=csrf_token]")["value"]
    sent = person.client.post(path, data={"csrf_token": token} | fields, headers=FOR_SCRIPT)
    assert sent.status_code == 200
    return BeautifulSoup(sent.text, "html.parser")


def states(page: BeautifulSoup) -> dict[str, bool]:
    """What the answer tells of each call."""
    found: dict[str, bool] = json.loads(str(page.select("#answer")[0]["data-states"]))
    return found


def test_actions_are_listed_with_their_results_and_undone_one_by_one(
    alice: Person, bob: Person, sandbox: Sandbox
) -> None:
    first, second, third, broken = alice.call_ids[:4]
    sandbox.answer_with(status=500, body=b"{}", times=None, path=f"/calls/{broken}")
    assert "can be undone" in alice.get("/actions").text
    alice.get("/calls").submit(f"/calls/{first}/archive", archived="true")
    alice.get("/calls").submit("/calls/archive", archived="true", ids=[second, third])
    alice.get("/calls").submit(f"/calls/{broken}/archive", archived="true")

    texts = [item.get_text(" ", strip=True) for item in alice.get("/actions").page.select("[data-action]")]
    assert ["Archived 2 calls" in text for text in texts] == [False, True, False]
    assert ["failed" in text for text in texts] == [True, False, False]
    assert ["done" in text for text in texts] == [False, True, True]
    alice.submit(str(alice.page.select("[data-action] form")[0]["action"]))

    assert alice.path == "/actions"
    assert "2 calls moved to the inbox." in alice.flash
    assert "undone" in alice.page.select("[data-action]")[1].get_text()
    assert [sandbox.call(each)["is_archived"] for each in (first, second, third)] == [True, False, False]
    assert not bob.get("/actions").page.select("[data-action]")


def test_a_running_job_is_listed_with_its_progress(alice: Person, sandbox: Sandbox) -> None:
    ids = alice.call_ids[:10]
    sandbox.be_slow(seconds=2.0, path="/calls/")
    running = answer(alice, "/calls/archive", archived="true", ids=ids)

    assert "data-in-flight" in running.select("#answer")[0].attrs
    assert "Archiving 10 calls" in running.get_text()
    assert alice.get("/actions").find("progress")["max"] == "10"
    assert not alice.page.select("[data-action] form")
    sandbox.clear_faults()

    def ended() -> dict[str, bool]:
        page = alice.client.get(str(running.select("#answer")[0]["data-job-url"]), headers=FOR_SCRIPT)
        return states(BeautifulSoup(page.text, "html.parser"))

    wait_until(lambda: ended() == dict.fromkeys(ids, True), 30)


def test_a_script_gets_the_states_of_calls_and_the_newest_action(alice: Person, sandbox: Sandbox) -> None:
    first, second = alice.call_ids[:2]
    sandbox.answer_with(status=500, body=b"{}", times=None, path=f"/calls/{second}")

    done = answer(alice, f"/calls/{first}/archive", archived="true", key="one")
    assert states(done) == {first: True}
    assert "Call archived: " in done.get_text()
    failed = answer(alice, f"/calls/{second}/archive", archived="true", key="two")
    assert states(failed) == {second: False}
    assert failed.select("[data-notice=error]")

    newest = BeautifulSoup(alice.client.get("/actions", headers=FOR_SCRIPT).text, "html.parser")
    undo_url = str(newest.select("#answer")[0]["data-undo-url"])
    assert undo_url == done.select("#answer")[0]["data-undo-url"]
    for _ in range(2):
        assert states(answer(alice, undo_url)) == {first: False}
    nothing = alice.client.get("/actions", headers=FOR_SCRIPT).text
    assert "nothing left to undo" in nothing
    assert "data-undo-url" not in nothing
    assert sandbox.counters().archive_flips_by_call[first] == 2
