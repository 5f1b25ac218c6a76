"""What goes wrong unseen in a browser."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

# Chromium says of every answer that is an error that it failed to load; that answer is kept by itself.
SAID_TWICE = "Failed to load resource: the server responded with a status of"
# The browser gave up itself, since the page was left: a request, and a socket that was still opening.
LEFT = "net::ERR_ABORTED"
LEFT_OPENING = "WebSocket is closed before the connection is established."
# The browser does what it is told at the end of a session, and says so.
CLEARED = re.compile(r"^Clear-Site-Data header on '.*/logout': Cleared data types: \"cache\"\.$")


class Troubles:
    """What scripts or a page's policy say on the console, and requests that fail, in every page."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._expected: list[str] = []

    def watch(self, context: BrowserContext) -> None:
        """Keep what goes wrong in the pages of this context, also in those still to be opened."""
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._found.append(f"script: {error.error}"))
        context.on("requestfailed", self._on_request_failed)
        context.on("response", self._on_response)
        context.on("page", self._on_page)

    def expect(self, pattern: str) -> None:
        """What matches is part of this test, and no trouble."""
        self._expected.append(pattern)

    @property
    def unexpected(self) -> list[str]:
        """All that went wrong so far and that no test has asked for."""
        return [text for text in self._found if not any(re.search(known, text) for known in self._expected)]

    def _on_console(self, message: ConsoleMessage) -> None:
        text = message.text
        is_known = text.startswith(SAID_TWICE) or text.endswith(LEFT_OPENING) or CLEARED.match(text)
        if not is_known:
            self._found.append(f"console: {text}")

    def _on_request_failed(self, request: Request) -> None:
        if request.failure != LEFT:
            self._found.append(f"failed: {request.method} {request.url} ({request.failure})")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self._found.append(f"answer {response.status}: {response.request.method} {response.url}")

    def _on_page(self, page: Page) -> None:
        page.on("crash", lambda _: self._found.append(f"crashed: {page.url}"))


Visitor = Callable[..., BrowserContext]


@contextmanager
def no_trouble() -> Iterator[Troubles]:
    """Keeps what goes wrong in contexts opened with it. Raises AssertionError for what is not expected."""
    troubles = Troubles()
    yield troubles
    assert not troubles.unexpected, "\n".join(troubles.unexpected)


def open_context(browser: Browser, troubles: Troubles, address: str, **options: Any) -> BrowserContext:
    """A browser context that is watched, with Playwright's options; the only way to one in these tests."""
    context = browser.new_context(base_url=address, **{"locale": "en-GB", **options})
    troubles.watch(context)
    return context
