"""What several of these tests do."""

import requests
from bs4 import BeautifulSoup

from tests.support.dashboard import COOKIE, TIMEOUT
from tests.support.socket_client import SocketClient


def log_out(address: str, cookie: str) -> None:
    """Sign out by the form that every page has."""
    with requests.Session() as session:
        session.trust_env = False
        session.cookies[COOKIE] = cookie
        page = BeautifulSoup(session.get(f"{address}/calls", timeout=TIMEOUT).text, "html.parser")
        (token,) = page.select("form[action='/logout'] [name=csrf_token]")
        session.post(f"{address}/logout", data={"csrf_token": token["value"]}, timeout=TIMEOUT)


def viewers(page: SocketClient, call_id: str) -> list[str]:
    """Who looks at this call, by the next news of it."""
    news = page.next("viewers")
    return list(news["viewers"]) if news["id"] == call_id else viewers(page, call_id)
