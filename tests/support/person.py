"""A person with a browser that runs no scripts: reads pages and fills in the forms that stand on them."""

from typing import Any, Self

from bs4 import BeautifulSoup, Tag
from flask import Flask
from werkzeug.test import TestResponse


class Person:
    """Uses the dashboard through Flask's test client, one page at a time."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        self.status = 0
        self.path = ""
        # Parsed when it is first looked at: most pages on the way to another one never are.
        self._page: BeautifulSoup | str = ""

    @property
    def page(self) -> BeautifulSoup:
        """The page that is open; after signing in, the call list."""
        if not self.path:
            self.get("/calls")
        if isinstance(self._page, str):
            self._page = BeautifulSoup(self._page, "html.parser")
        return self._page

    @page.setter
    def page(self, page: BeautifulSoup) -> None:
        self._page = page

    def sign_in(self, username: str, password: str = "secret") -> Self:
        """Log in; the list that this leads to is read when it is first looked at."""
        token = self.get("/login").find("form.card [name=csrf_token]")["value"]
        fields = {"csrf_token": token, "username": username, "password": password}
        answer = self.client.post("/login", data=fields)
        assert (answer.status_code, answer.location) == (303, "/calls"), answer.text
        self.path = ""
        return self

    def log_in(self, username: str = "alice", password: str = "x") -> Self:
        """Log in by the form of the login page, and follow where that leads."""
        return self.get("/login").submit("/login", username=username, password=password)

    def get(self, path: str, **options: Any) -> Self:
        """Open a page, redirects followed."""
        return self.take(self.client.get(path, follow_redirects=True, **options))

    def submit(self, action: str, **fields: Any) -> Self:
        """Send the form on this page that has a button for this address, its hidden fields included."""
        sent = {
            field["name"]: field.get("value", "") for field in self._form(action).select("input[type=hidden]")
        }
        return self.take(self.client.post(action, data=sent | fields, follow_redirects=True))

    def take(self, answer: TestResponse) -> Self:
        """Go on from the page that this answer holds."""
        self.status, self.path, self._page = answer.status_code, answer.request.path, answer.text
        return self

    def find(self, selector: str) -> Tag:
        """The one element that this CSS selector names."""
        found = self.page.select(selector)
        assert len(found) == 1, f"{len(found)} of {selector} in {self.text}"
        return found[0]

    @property
    def text(self) -> str:
        """What can be read on the page, blanks folded."""
        return " ".join(self.page.get_text(" ").split())

    @property
    def flash(self) -> str:
        """The flash messages on the page, blanks folded."""
        return " ".join(self.find("#notices").get_text(" ").split())

    @property
    def call_ids(self) -> list[str]:
        return [str(element["data-call-id"]) for element in self.page.select("[data-call-id]")]

    def _form(self, action: str) -> Tag:
        for form in self.page.find_all("form", method="post"):
            buttons = form.find_all("button", formaction=True)
            addresses = {form.get("action"), *(button["formaction"] for button in buttons)}
            if action in {str(address).partition("?")[0] for address in addresses}:
                return form
        raise AssertionError(f"No form leads to {action}: {self.text}")
