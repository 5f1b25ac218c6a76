"""Awkward calls of the sandbox: every page shows every one of them."""

import csv
from collections.abc import Iterator

import pytest
from flask import Flask

from tests.support.sandbox import Sandbox
from tests.web.conftest import ids_of_all_pages, signed_in

CALLS = 300


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox of its own, whose lines, numbers, texts and times are all odd."""
    with Sandbox.start("--awkward", "--calls", str(CALLS)) as sandbox:
        yield sandbox


def test_every_awkward_call_is_in_the_list_on_its_own_page_and_in_the_file(
    app: Flask, sandbox: Sandbox
) -> None:
    alice = signed_in(app, "alice")
    expected = sorted(call["id"] for call in sandbox.calls())

    assert sorted(ids_of_all_pages(alice, "/calls?view=all&per_page=100")) == expected
    assert [call_id for call_id in expected if alice.client.get(f"/calls/{call_id}").status_code != 200] == []
    assert alice.client.get("/insights?view=all").status_code == 200
    exported = alice.client.get("/calls.csv?view=all").text.removeprefix("\ufeff").splitlines(keepends=True)
    assert len(list(csv.reader(exported))) == CALLS + 1
