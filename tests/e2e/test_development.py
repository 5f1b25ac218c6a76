"""`make dev`: what is changed in a source shows in an open page, whose person stays signed in."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from scripts.run import is_served
from tests.support.processes import ROOT, Started, running
from tests.support.waiting import wait_until

# Milliseconds. A busy machine takes longer than the five seconds that one developer waits at most.
PATIENCE = 60_000
NOT_COPIED = (".*", "node_modules", "instance", "tests", "bench", "docs", "screenshots", "__pycache__")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, to be changed."""
    folder = tmp_path_factory.mktemp("clone") / "callboard"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder


@pytest.fixture(scope="module")
def development(clone: Path) -> Iterator[Started]:
    """`make dev` in that copy."""
    environment = os.environ | {"PORT": "0"}
    environment.pop("AIRCALL_API_URL", None)
    # Ignored is what shells make of this signal for what they run in the background.
    command = ["sh", "-c", 'trap "" QUIT; exec "$@"', "sh", sys.executable, "-m", "scripts.dev"]
    ready = r"^(http://\S+)$"
    with running(command, ready, environment=environment, directory=clone) as started:
        yield started
        # Shown if the last test fails.
        print(started.output())


@pytest.fixture(scope="module")
def page(development: Started, browser: Browser) -> Iterator[Page]:
    """A page of the list, in French, of somebody who signed in once."""
    with browser.new_context(locale="fr") as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(development.ready[1])
        page.locator("[name=username]").fill("ann")
        page.locator("[name=password]").fill("any")
        page.locator("main button").first.click()
        page.wait_for_url("**/calls")
        yield page
        # A browser context that is closed while its page loads itself again waits for ever.
        context.set_offline(True)
        page.wait_for_load_state()


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def served_version(address: str) -> str | None:
    """The version that answers there; None while none does."""
    try:
        return str(requests.get(f"{address}/readyz", timeout=5).json()["version"])
    except requests.RequestException:
        return None


def append(file: Path, line: str) -> None:
    file.write_text(f"{file.read_text()}\n{line}\n")


def test_a_template_a_style_a_script_and_a_translation_show_in_an_open_page(clone: Path, page: Page) -> None:
    change(clone / "templates/base.html", "</body>", '<p id="new">new</p></body>')
    expect(page.locator("#new")).to_be_attached(timeout=PATIENCE)

    append(clone / "static/css/app.css", "#new { outline-color: rgb(1, 2, 3); }")
    expect(page.locator("#new")).to_have_css("outline-color", "rgb(1, 2, 3)", timeout=PATIENCE)

    append(clone / "static/js/main.js", 'document.querySelector("#new").title = "by script";')
    expect(page.locator("#new")).to_have_attribute("title", "by script", timeout=PATIENCE)

    catalog = clone / "aircall/web/translations/fr/LC_MESSAGES/messages.po"
    change(catalog, 'msgid "Log out"\nmsgstr "', 'msgid "Log out"\nmsgstr "Vite ')
    expect(page.get_by_role("button", name="Vite ")).to_be_attached(timeout=PATIENCE)
    assert page.url.endswith("/calls")


def test_a_mistake_in_python_waits_for_its_correction(clone: Path, page: Page) -> None:
    version = clone / "aircall/__init__.py"
    page.evaluate("document.body.id = 'old'")
    address = page.url.removesuffix("/calls")

    change(version, "VERSION = ", "VERSION == ")
    wait_until(lambda: not is_served(f"{address}/healthz"), PATIENCE / 1000, "the end of the dashboard")
    change(version, "VERSION == ", "VERSION = 'by-hand' or ")

    wait_until(lambda: served_version(address) == "by-hand", PATIENCE / 1000, "the correction")
    expect(page.locator("#old")).not_to_be_attached(timeout=PATIENCE)
    assert page.url.endswith("/calls")


def test_a_change_while_the_one_before_still_starts_is_served(
    clone: Path, development: Started, page: Page
) -> None:
    version = clone / "aircall/__init__.py"
    address = page.url.removesuffix("/calls")
    starts = development.output().count("Changed: dashboard")

    change(version, "'by-hand'", "'first'")
    wait_until(lambda: development.output().count("Changed: dashboard") > starts, what="the first change")
    change(version, "'first'", "'second'")

    wait_until(lambda: served_version(address) == "second", PATIENCE / 1000, "the second change")


def test_the_sandbox_started_anew_still_knows_who_is_signed_in(
    clone: Path, development: Started, page: Page
) -> None:
    def is_live_again() -> bool:
        return "Live updates live" in development.output().partition("Changed: sandbox")[2]

    change(clone / "sandbox/api.py", "DEFAULT_LIMIT = 10", "DEFAULT_LIMIT = 11")
    wait_until(is_live_again, PATIENCE / 1000, "live updates of the new sandbox")

    # Asked beside the page, which may be loading itself again.
    assert page.request.get(page.url).url.endswith("/calls")
