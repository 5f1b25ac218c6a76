"""The API does not answer: open pages say so, and take it back when it is over."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.pages import archive_button, call_ids, expect_live, expect_marked, open_live, sign_in
from tests.e2e.troubles import Visitor
from tests.support.sandbox import Sandbox
from tests.support.stopwatch import Stopwatch

# Milliseconds. "Within a few seconds" on a machine that does other things as well.
SOON = 15_000
SILENT = re.compile(r"^The phone system has not answered since \d\d:\d\d\.")
STATE = re.compile("^(Reconnecting|Offline)$")
TROUBLES: dict[str, Callable[[Sandbox], None]] = {
    "answers 503": lambda sandbox: sandbox.answer_503(times=None),
    "hangs": lambda sandbox: sandbox.be_slow(60.0),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_an_api_that_does_not_answer_is_said_on_every_open_page_and_taken_back(
    shared_address: str,
    visitor: Visitor,
    shared_sandbox: Sandbox,
    took: Stopwatch,
    trouble: Callable[[Sandbox], None],
) -> None:
    person = visitor(shared_address)
    pages = [sign_in(person.new_page()), person.new_page()]
    open_live(pages[0], "/calls")
    open_live(pages[1], "/insights")

    trouble(shared_sandbox)
    with took("every page says that the API does not answer"):
        for page in pages:
            expect(page.locator("#banner")).to_have_text(SILENT, timeout=SOON)
    for page in pages:
        expect(page.get_by_role("status").get_by_text(STATE)).to_be_visible()
    late = person.new_page()
    late.goto("/calls")
    expect(late.locator("#banner")).to_have_text(SILENT, timeout=SOON)

    shared_sandbox.clear_faults()
    with took("every page says that it is over"):
        for page in (*pages, late):
            expect(page.locator("#banner")).to_be_empty(timeout=SOON)
            expect_live(page, within=SOON)
    for page in (*pages, late):
        expect(page.locator("#list-state")).to_have_text(re.compile(r"^\s*$"))
    for page in pages:
        expect_marked(page)
    # Nobody waits for what was put off during the trouble.
    pages[0].bring_to_front()
    call_id = call_ids(pages[0])[0]
    archive_button(pages[0], call_id).click()
    expect(pages[0].locator("#notices")).to_contain_text("Call archived: ")
