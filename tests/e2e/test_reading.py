"""News that come while a page is being read: the page that comes is older than they are."""

from playwright.sync_api import Route, expect

from tests.e2e.pages import expect_live, shown, sign_in
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


def test_a_change_of_a_call_whose_row_is_on_its_way_is_not_missed(
    address: str, visitor: Visitor, sandbox: Sandbox
) -> None:
    inbox = [call for call in sandbox.calls() if not call["is_archived"]]
    call_id = sorted(inbox, key=lambda call: str(call["created_at"]), reverse=True)[30]["id"]
    page = sign_in(visitor(address).new_page())
    expect_live(page)
    position = page.evaluate("() => document.body.dataset.position")

    def answer_late(route: Route) -> None:
        answer = route.fetch()
        sandbox.add_note(call_id, "Came while the list was on its way")
        wait_until(
            lambda: page.evaluate("() => document.body.dataset.position") != position, what="the event"
        )
        route.fulfill(response=answer)

    page.route("**/calls?*per_page=50*", answer_late)
    page.get_by_label("Per page").select_option("50")

    expect(shown(page, call_id)).to_contain_text("Came while the list was on its way")
