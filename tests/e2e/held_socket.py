"""A page's socket held up on its way, at a chosen moment."""

from enum import StrEnum

from playwright.sync_api import BrowserContext, Page, WebSocketRoute


class Moment(StrEnum):
    """How far the page's socket gets before it is held."""

    BEFORE_OPENING = "before it reaches the server"
    BEFORE_CONNECTING = "before the server knows where the page stands"
    BEFORE_ANSWER = "before the page hears of being let in"


class HeldSocket:
    """Stands between the pages of a context and the server; frames keep their order."""

    def __init__(self, context: BrowserContext, moment: Moment) -> None:
        self._moment = moment
        self._server: WebSocketRoute | None = None
        self._is_free = False
        self._to_server: list[str | bytes] = []
        self._to_page: list[str | bytes] = []
        self._page: WebSocketRoute | None = None
        context.route_web_socket(lambda url: "/socket.io/" in url, self._take)

    def wait(self, page: Page) -> None:
        """Wait for the moment, in which nothing passes any more."""
        while not self._is_held:
            page.wait_for_timeout(10)

    def let_go(self) -> None:
        """Let everything pass, what was held first."""
        assert self._page is not None
        self._is_free = True
        server = self._server or self._reach_server(self._page)
        for frame in self._to_server:
            server.send(frame)
        for frame in self._to_page:
            self._page.send(frame)

    @property
    def _is_held(self) -> bool:
        return {
            Moment.BEFORE_OPENING: self._page is not None,
            Moment.BEFORE_CONNECTING: bool(self._to_server),
            Moment.BEFORE_ANSWER: bool(self._to_page),
        }[self._moment]

    def _take(self, page: WebSocketRoute) -> None:
        self._page = page
        if self._moment is not Moment.BEFORE_OPENING:
            self._server = self._reach_server(page)

    def _reach_server(self, page: WebSocketRoute) -> WebSocketRoute:
        server = page.connect_to_server()
        page.on_message(lambda frame: self._pass_to_server(server, frame))
        server.on_message(lambda frame: self._pass_to_page(page, frame))
        return server

    def _pass_to_server(self, server: WebSocketRoute, frame: str | bytes) -> None:
        if self._moment is Moment.BEFORE_CONNECTING and not self._is_free:
            self._to_server.append(frame)
        else:
            server.send(frame)

    def _pass_to_page(self, page: WebSocketRoute, frame: str | bytes) -> None:
        # The frames before this one only open the transport.
        is_answer = self._to_page or str(frame).startswith("4")
        if self._moment is Moment.BEFORE_ANSWER and is_answer and not self._is_free:
            self._to_page.append(frame)
        else:
            page.send(frame)
