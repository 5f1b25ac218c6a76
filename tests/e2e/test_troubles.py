"""What goes wrong unseen in a browser fails the test in which it does."""

import re

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.troubles import no_trouble, open_context
from tests.support.processes import ROOT
from tests.support.waiting import wait_until

STYLE = "document.body.setAttribute('style', 'color: red')"
PICTURE = "document.body.append(Object.assign(new Image(), { src: 'https://example.com/a.png' }))"
THROWN = "setTimeout(() => { throw new Error('thrown later'); })"
# By what a page does, what is kept of it.
KEPT = {
    "console.error('said so')": "console: said so",
    "console.warn('warned of it')": "console: warned of it",
    STYLE: "Content Security Policy.*style",
    PICTURE: "Content Security Policy.*img",
    THROWN: "script: .*thrown later",
    "void Promise.reject(new Error('not caught'))": "script: .*not caught",
    "void fetch('/nothing-is-here')": "answer 404: GET .*/nothing-is-here",
}


def test_what_goes_wrong_in_a_page_fails_its_test(browser: Browser, shared_address: str) -> None:
    with pytest.raises(AssertionError), no_trouble() as troubles:  # noqa: PT012 - it is a test's body
        context = open_context(browser, troubles, shared_address)
        page = context.new_page()
        page.goto("/login")
        for script, kept in KEPT.items():
            page.evaluate(f"() => {{ {script}; }}")

            wait_until(
                lambda kept=kept: turns(page) and re.search(kept, "\n".join(troubles.unexpected)),  # type: ignore[misc]
                what=kept,
            )
        context.close()
    assert all(re.search(kept, "\n".join(troubles.unexpected)) for kept in KEPT.values())


def turns(page: Page) -> bool:
    """Hear what the browser has told meanwhile."""
    return bool(page.evaluate("() => true"))


def test_no_test_opens_a_browser_that_is_not_watched() -> None:
    ways_in = re.compile(r"\.new_context\(|browser\.new_page\(|launch_persistent_context")

    found = [
        path.name
        for path in sorted((ROOT / "tests" / "e2e").rglob("*.py"))
        for _ in ways_in.findall(path.read_text())
        if path.name != "test_troubles.py"
    ]

    assert found == ["troubles.py"]
