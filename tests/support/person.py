"""A person with a browser that knows no scripts: reads pages, fills in the forms that stand on them."""

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
        self.page = BeautifulSoup()

    def sign_in(self, username: str, password: str = "secret") -> Self:
        """Log in by the form of the login page."""
        self.get("/login")
        self.submit("/login", username=username, password=password)
        assert self.path == "/calls", self.text
        return self

    def get(self, path: str, **options: Any) -> Self:
        """Open a page, redirects followed."""
        return self._take(self.client.get(path, follow_redirects=True, **options))

    def submit(self, action: str, **fields: Any) -> Self:
        """Send the form on this page that has a button for this address, its hidden fields included."""
        sent = {
            field["name"]: field.get("value", "") for field in self._form(action).select("input[type=hidden]")
        }
        return self._take(self.client.post(action, data=sent | fields, follow_redirects=True))

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
    def call_ids(self) -> list[str]:
        """The calls on this page, in their order."""
        return [str(element["data-call-id"]) for element in self.page.select("[data-call-id]")]

    def _form(self, action: str) -> Tag:
        for form in self.page.find_all("form", method="post"):
            buttons = form.find_all("button", formaction=True)
            addresses = {form.get("action"), *(button["formaction"] for button in buttons)}
            if action in {str(address).partition("?")[0] for address in addresses}:
                return form
        raise AssertionError(f"No form leads to {action}: {self.text}")

    def _take(self, answer: TestResponse) -> Self:
        self.status, self.path = answer.status_code, answer.request.path
        self.page = BeautifulSoup(answer.text, "html.parser")
        return self
