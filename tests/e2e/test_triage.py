"""No action waits for the last one, no key or click is lost, and every action can be undone."""

import re
import secrets

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.pages import (
    archive_button,
    call_ids,
    expect_archived,
    expect_live,
    expect_marked,
    note_field,
    notes,
    notices,
    open_live,
    read,
    shown,
    sign_in,
    tick,
    undo,
)
from tests.e2e.troubles import Troubles, Visitor
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

# Seconds that the API takes for each request.
SLOW = 0.4


@pytest.fixture
def page(address: str, visitor: Visitor) -> Page:
    """The list of a person without recent actions, live, with a mark that a reload would wipe out."""
    username = f"alice-{secrets.token_hex(4)}"
    return open_live(read(sign_in(visitor(address).new_page(), username)), "/calls")


def inbox(sandbox: Sandbox) -> set[str]:
    """The calls that the API has in its inbox."""
    return {call["id"] for call in sandbox.calls() if not call["is_archived"]}


def expect_done(page: Page, sandbox: Sandbox, wanted: set[str]) -> None:
    """The API has exactly these calls in its inbox, and the page says how many they are."""
    wait_until(lambda: inbox(sandbox) == wanted, 30, "the inbox")
    expect(page.locator("[data-count=inbox]")).to_have_text(str(len(wanted)))


def counted(page: Page) -> int:
    """The calls in the inbox, as its tab tells."""
    return int(page.locator("[data-count=inbox]").inner_text())


def test_keys_in_quick_succession_archive_a_row_each_and_undo_as_many(page: Page, sandbox: Sandbox) -> None:
    before, ids = inbox(sandbox), call_ids(page)
    sandbox.be_slow(SLOW, path="/calls/")
    page.keyboard.press("j")

    for _ in range(4):
        page.keyboard.press("e")
    # At once, though the API has heard of nothing.
    assert call_ids(page)[:3] == ids[4:7]
    assert counted(page) == len(before) - 4
    expect(shown(page, ids[4]).get_by_role("link").first).to_be_focused()
    expect_done(page, sandbox, before - set(ids[:4]))

    for _ in range(3):
        page.keyboard.press("z")
    assert call_ids(page)[:4] == [*ids[1:4], ids[4]]
    expect(shown(page, ids[1]).get_by_role("link").first).to_be_focused()
    expect_done(page, sandbox, before - {ids[0]})
    expect_marked(page)


def test_an_undo_right_after_its_action_waits_for_it(page: Page, sandbox: Sandbox) -> None:
    before, ids = inbox(sandbox), call_ids(page)
    sandbox.be_slow(SLOW, path="/calls/")
    tick(page, ids[:2])

    page.keyboard.press("e")
    assert call_ids(page)[0] == ids[2]
    page.keyboard.press("z")
    assert call_ids(page)[:3] == ids[:3]

    expect(notices(page)).to_contain_text("2 calls moved to the inbox.")
    expect_done(page, sandbox, before)
    assert set(sandbox.counters().archive_flips_by_call.values()) == {2}


def test_undo_goes_on_after_a_reload_and_on_another_page(page: Page, sandbox: Sandbox) -> None:
    before, ids = inbox(sandbox), call_ids(page)
    page.keyboard.press("j")
    for _ in range(3):
        page.keyboard.press("e")
    expect_done(page, sandbox, before - set(ids[:3]))

    notices(page).get_by_role("button", name="Dismiss").click()
    page.keyboard.press("z")
    expect_done(page, sandbox, before - set(ids[:2]))
    open_live(page, f"/calls/{ids[5]}")
    page.keyboard.press("z")
    expect(notices(page)).to_contain_text("Call moved to the inbox: ")
    open_live(page, "/calls")
    page.keyboard.press("z")

    expect_done(page, sandbox, before)
    for call_id in ids[:3]:
        expect(shown(page, call_id)).to_be_visible()
    assert call_ids(page)[:3] == ids[:3]
    page.keyboard.press("z")
    expect(notices(page)).to_contain_text("There is nothing left to undo.")


def test_every_click_on_one_spot_archives_the_row_there(page: Page, sandbox: Sandbox) -> None:
    before, ids = inbox(sandbox), call_ids(page)
    sandbox.be_slow(0.1, path="/calls/")
    box = archive_button(page, ids[0]).bounding_box()
    assert box

    for _ in range(20):
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    wait_until(lambda: len(before - inbox(sandbox)) == 20, 30, "20 archived calls")
    assert before - inbox(sandbox) == set(ids[:20])


def test_what_failed_comes_back_in_its_place_and_can_be_repeated(page: Page, sandbox: Sandbox) -> None:
    before, ids = inbox(sandbox), call_ids(page)
    sandbox.answer_with(status=500, body=b"{}", times=None, path=f"/calls/{ids[1]}")
    for call_id in ids[:3]:
        archive_button(page, call_id).click()

    failure = shown(page, ids[1]).locator(".call-row__failure")
    expect(failure).to_contain_text("The phone system")
    expect_done(page, sandbox, before - {ids[0], ids[2]})
    expect(page.locator(".toolbar__summary")).to_contain_text(f"of {len(before) - 2} calls")
    assert call_ids(page)[:2] == [ids[1], ids[3]]
    sandbox.clear_faults()
    failure.get_by_role("button", name="Try again").click()

    expect(shown(page, ids[1])).to_have_count(0)
    expect_done(page, sandbox, before - set(ids[:3]))


def test_actions_wait_for_the_network_and_say_so(page: Page, sandbox: Sandbox, troubles: Troubles) -> None:
    troubles.expect("ERR_INTERNET_DISCONNECTED|failed: ")
    before, ids = inbox(sandbox), call_ids(page)
    page.context.set_offline(True)

    for call_id in ids[:6]:
        archive_button(page, call_id).click()
    expect(notices(page)).to_contain_text("No network: 6 actions are waiting.")
    page.keyboard.press("z")
    expect(notices(page)).to_contain_text("No network: 5 actions are waiting.")
    assert page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    assert inbox(sandbox) == before
    page.context.set_offline(False)

    expect_done(page, sandbox, before - set(ids[:5]))
    expect_marked(page)
    assert page.evaluate("() => dispatchEvent(new Event('beforeunload', { cancelable: true }))")


def test_an_action_whose_answer_was_lost_is_done_once_and_can_be_undone(
    page: Page, sandbox: Sandbox, troubles: Troubles
) -> None:
    troubles.expect("failed: POST .*/archive|ERR_FAILED")
    before, ids = inbox(sandbox), call_ids(page)
    lost: list[str] = []

    def lose_first(route: Route) -> None:
        route.fetch()
        lost.append(route.request.url)
        route.abort()

    page.route(re.compile("/archive$"), lose_first, times=1)
    archive_button(page, ids[0]).click()

    expect(notices(page)).to_contain_text("No answer yet: sending 1 action again")
    notices(page).get_by_role("button", name="Send now").click()
    expect(notices(page)).to_contain_text("Call archived: ")
    assert sandbox.counters().archive_flips_by_call == {ids[0]: 1}
    undo(page).click()
    expect_done(page, sandbox, before)


def test_in_the_list_of_all_calls_a_row_changes_in_its_place(page: Page, sandbox: Sandbox) -> None:
    open_live(page, "/calls?view=all")
    call_id = next(each for each in call_ids(page) if each in inbox(sandbox))
    button = shown(page, call_id).get_by_role("button")
    sandbox.be_slow(SLOW, path="/calls/")

    button.click()
    assert shown(page, call_id).get_attribute("data-archived") == "true"
    assert re.match("Move to inbox", button.inner_text().strip())
    button.click()
    assert shown(page, call_id).get_attribute("data-archived") == "false"
    button.click()

    wait_until(lambda: sandbox.call(call_id)["is_archived"], 20)
    expect(notices(page)).to_contain_text("Call archived: ")
    expect_archived(page, call_id)


def test_recent_actions_are_a_key_away_and_each_can_be_undone(page: Page, sandbox: Sandbox) -> None:
    before, ids = inbox(sandbox), call_ids(page)
    archive_button(page, ids[0]).click()
    tick(page, ids[1:4])
    page.keyboard.press("e")
    expect_done(page, sandbox, before - set(ids[:4]))

    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Recent actions")).to_be_visible()
    actions = page.locator("[data-action]")
    expect(actions).to_have_count(2)
    expect(actions.filter(has_text="Archived 3 calls")).to_contain_text("done")
    actions.filter(has_text="Archived 3 calls").get_by_role("button", name=re.compile("^Undo")).click()

    expect(actions.filter(has_text="Archived 3 calls")).to_contain_text("undone")
    wait_until(lambda: inbox(sandbox) == before - {ids[0]}, 20)
    page.get_by_role("link", name="Back to the calls").click()
    expect_live(page)


def test_a_note_shows_at_once_and_comes_back_if_it_is_refused(
    page: Page, sandbox: Sandbox, troubles: Troubles
) -> None:
    troubles.expect("answer 503: POST .*/notes")
    call_id = call_ids(page)[0]
    open_live(page, f"/calls/{call_id}")
    sandbox.be_slow(SLOW, path=f"/calls/{call_id}")
    field, send = note_field(page), page.get_by_role("button", name="Add note")

    for text in ("The first", "The second"):
        field.fill(text)
        send.click()
        assert notes(page).first.inner_text() == text
        assert field.input_value() == ""
    wait_until(lambda: sandbox.counters().notes_added == 2, 20)
    expect(page.locator("[data-note][data-sending]")).to_have_count(0)
    assert [each.inner_text() for each in notes(page).all()][:2] == ["The second", "The first"]

    sandbox.clear_faults()
    sandbox.answer_503(times=None, path=f"/calls/{call_id}/note")
    field.fill("Refused")
    send.click()
    field.fill("Typed since")
    expect(notices(page)).to_contain_text("“Refused”")
    expect(field).to_have_value("Typed since")
    expect(notes(page).first).to_have_text("The second")
    send.click()
    expect(page.locator("#note-form").get_by_role("alert")).to_contain_text("The phone system")
    expect(field).to_have_value("Typed since")
