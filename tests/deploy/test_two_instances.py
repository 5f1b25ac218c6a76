"""Two dashboards behind nginx are one: whoever is sent to either notices nothing of it."""

from contextlib import ExitStack

import requests
from bs4 import BeautifulSoup

from tests.deploy.nginx import Proxy
from tests.deploy.test_behind_nginx import COOKIE, TIMEOUT, log_in
from tests.support.bare_socket import BareSocket
from tests.support.exposition import scrape
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

NOTES = 4


def test_who_signed_in_at_one_works_through_either(
    served: str, dashboards: list[str], proxy: Proxy, visitor: requests.Session, sandbox: Sandbox
) -> None:
    log_in(visitor, served)
    call = sandbox.calls()[0]["id"]
    statuses = [add_note(visitor, served, call, f"note {number}") for number in range(NOTES)]

    assert statuses == [200] * NOTES
    # The newest is first.
    assert [note["content"] for note in sandbox.call(call)["notes"]][NOTES - 1 :: -1] == [
        f"note {number}" for number in range(NOTES)
    ]
    # A line is written once the answer is out.
    wait_until(lambda: served_by(proxy, "POST") == addresses(dashboards), what="forms taken by both")
    assert served_by(proxy, "GET") == addresses(dashboards)


def test_a_change_reaches_every_page_whichever_instance_it_is_open_at(
    served: str, dashboards: list[str], proxy: Proxy, visitor: requests.Session, sandbox: Sandbox
) -> None:
    log_in(visitor, served)
    wait_until(lambda: sandbox.counters().subscriptions_now == 1, what="the subscription")
    with ExitStack() as stack:
        pages = []
        for _ in range(4):
            connection = BareSocket.connect(served, visitor.cookies[COOKIE], trusted=proxy.certificate)
            pages.append(stack.enter_context(connection))
            pages[-1].next_of("caught-up")
        open_at = [scrape(address).total("callboard_open_sockets") for address in dashboards]
        changed = sandbox.archive(sandbox.calls()[0]["id"])

        received = [page.next_of("update-call")[1]["call"] for page in pages]

    assert received == [changed] * 4
    assert sum(open_at) == 4
    assert min(open_at) > 0
    assert sandbox.counters().subscriptions_now == 1


def add_note(visitor: requests.Session, address: str, call: str, content: str) -> int:
    """Write a note by the form of the call's page; the status of what comes after it."""
    page = BeautifulSoup(visitor.get(f"{address}/calls/{call}", timeout=TIMEOUT).text, "html.parser")
    (form,) = page.select(f'form[action^="/calls/{call}/notes"]')
    fields = {str(field["name"]): field.get("value", "") for field in form.select("input[name]")}
    sent = visitor.post(
        f"{address}/calls/{call}/notes",
        data=fields | {"content": content},
        headers={"Origin": address},
        timeout=TIMEOUT,
    )
    return sent.status_code


def served_by(proxy: Proxy, method: str) -> set[str]:
    """The addresses of those that nginx had answer such requests."""
    lines = (line.split() for line in proxy.access_log.read_text().splitlines())
    return {words[words.index("upstream") + 1] for words in lines if words[2] == method}


def addresses(dashboards: list[str]) -> set[str]:
    """The same as nginx writes them down."""
    return {address.removeprefix("http://") for address in dashboards}
