"""A search that finds many calls shows the first of them at once, and soon how many there are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.pages import call_ids, expect_marked, mark, sign_in
from tests.e2e.troubles import Visitor
from tests.support.dashboard import serving
from tests.support.sandbox import Sandbox

# More than are looked at before a page is shown.
CALLS = 5100


@pytest.fixture
def history() -> Iterator[Sandbox]:
    """A sandbox with many calls."""
    with Sandbox.start("--calls", str(CALLS)) as sandbox:
        yield sandbox


@pytest.fixture
def served(history: Sandbox, tmp_path: Path) -> Iterator[str]:
    """Where a dashboard is served that shows them."""
    with serving(history, tmp_path / "data") as address:
        yield address


def test_the_number_of_calls_follows_the_page_and_its_pages_lead_there_and_back(
    served: str, visitor: Visitor, history: Sandbox
) -> None:
    page = sign_in(visitor(served).new_page())
    expect(page.locator("[data-syncing]")).to_have_count(0, timeout=60_000)
    total = sum("33" in f"{call['from']}{call['to']}{call['via']}" for call in history.calls())
    counted: list[str] = []
    page.on("response", lambda answer: counted.append(answer.url) if "/counts" in answer.url else None)

    page.goto("/calls?view=all&per_page=25&q=33")
    mark(page)
    first, of_all = call_ids(page), f"of {total:,} calls"
    expect(page.locator("#range")).to_have_text(f"1–25 {of_all}")
    expect(page.locator("#chart")).to_be_visible()
    expect(page.locator("[data-uncounted]")).to_have_count(0)
    expect_marked(page)
    assert len(counted) == 1

    page.get_by_role("link", name="Older").click()
    expect(page.locator("#range")).to_have_text(f"26–50 {of_all}")
    assert not {*first} & {*call_ids(page)}
    page.get_by_role("link", name="Newer").click()
    expect(page.locator("#range")).to_have_text(f"1–25 {of_all}")
    assert call_ids(page) == first
