"""What several of these tests do."""

import requests
from bs4 import BeautifulSoup

from tests.support.dashboard import COOKIE, TIMEOUT
from tests.support.socket_client import SocketClient


def log_out(address: str, cookie: str) -> None:
    """Sign out by the form that every page has."""
    post(address, cookie, "/calls", "/logout")


def post(address: str, cookie: str, path: str, action: str) -> None:
    """Send the form of this page that leads to `action`."""
    with requests.Session() as session:
        session.trust_env = False
        session.cookies[COOKIE] = cookie
        page = BeautifulSoup(session.get(f"{address}{path}", timeout=TIMEOUT).text, "html.parser")
        (token,) = page.select(f"form[action='{action}'] [name=csrf_token]")
        session.post(f"{address}{action}", data={"csrf_token": token["value"]}, timeout=TIMEOUT)


def viewers(page: SocketClient, call_id: str) -> list[str]:
    """Who looks at this call, by the next news of it."""
    news = page.next("viewers")
    return list(news["viewers"]) if news["id"] == call_id else viewers(page, call_id)
