"""Takes pictures of every page, beside a sandbox API of its own. `make screenshots` calls it.

Knows the pages' addresses and how the two programs are started; knows nothing of how they work.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.run import sandbox_settings

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "screenshots"
README_PICTURES = ROOT / "docs" / "screenshots"
ADDRESS = re.compile(r" (?:on|at:) (http://[0-9.]+:[0-9]+)")
# How long live updates may take to begin, and a program to end, in seconds.
LIVE_TIME, STOP_TIME = 20.0, 10.0

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
HEIGHTS = {1280: 800, 375: 812}
ZONE = "Europe/Paris"
# What colleagues wrote, oldest first.
NOTES = ("Asked for a copy of the March invoice.", "Invoice sent by e-mail. Call back on Thursday.")
NO_CALL = "00000000-0000-4000-8000-000000000000"


def main() -> None:
    """Write the pictures into screenshots/, or with --readme the two of README.md into docs/screenshots/."""
    parser = argparse.ArgumentParser("python -m scripts.screenshots", description=main.__doc__)
    parser.add_argument("--readme", action="store_true", help="only the two pictures of README.md")
    is_readme = parser.parse_args().readme
    with _served() as (address, call_id), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        paths = _paths(call_id)
        if is_readme:
            _take(_page(browser, address), {name: paths[name] for name in ("list", "call")}, README_PICTURES)
        else:
            for scheme, width in product(SCHEMES, HEIGHTS):
                _take(_page(browser, address, scheme, width), paths, PICTURES / f"{scheme}-{width}")
        browser.close()


def _paths(call_id: str) -> dict[str, str]:
    return {
        "login": "/login",
        "list": "/calls",
        "call": f"/calls/{call_id}",
        "insights": "/insights?view=all",
        "empty": "/calls?q=nobody+wrote+this",
        "error": f"/calls/{NO_CALL}",
    }


def _page(browser: Browser, address: str, scheme: Scheme = "light", width: int = 1280) -> Page:
    """A page of a browser of its own, in which nobody is signed in."""
    return browser.new_context(
        base_url=address,
        viewport={"width": width, "height": HEIGHTS[width]},
        color_scheme=scheme,
        timezone_id=ZONE,
        reduced_motion="reduce",
    ).new_page()


def _take(page: Page, paths: Mapping[str, str], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, path in paths.items():
        if name != "login":
            _sign_in(page)
        _open(page, path)
        page.screenshot(path=directory / f"{name}.png")
        print((directory / f"{name}.png").relative_to(ROOT))
    page.context.close()


def _open(page: Page, path: str) -> None:
    page.goto(path)
    if page.locator("[data-position]").count():
        expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible(timeout=LIVE_TIME * 1000)


def _sign_in(page: Page) -> None:
    page.goto("/login")
    if urlsplit(page.url).path == "/login":
        page.get_by_label("Username").fill("alice")
        page.get_by_label("Password").fill("any")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/calls")


@contextlib.contextmanager
def _served() -> Iterator[tuple[str, str]]:
    """The address of a dashboard, and the id of a call that has notes people would write."""
    with (
        tempfile.TemporaryDirectory() as data_dir,
        _started("-m", "sandbox", "--port", "0") as api,
        _started("app.py", **_settings(api, data_dir)) as address,
    ):
        yield address, _call_with_notes(api)


def _settings(api: str, data_dir: str) -> dict[str, str]:
    # An empty value counts as unset, whatever .env says.
    others = dict.fromkeys(("DATABASE_URL", "PUBLIC_ORIGIN", "PUSHER_AUTH_ENDPOINT", "PUSHER_APP_KEY"), "")
    return (
        others
        | sandbox_settings(api)
        | {
            "HOST": "127.0.0.1",
            "PORT": "0",
            "DATA_DIR": data_dir,
            "LOG_FORMAT": "console",
            "LOG_LEVEL": "INFO",
        }
    )


@contextlib.contextmanager
def _started(*command: str, **settings: str) -> Iterator[str]:
    """Run a program of ours; the address that it prints once it serves."""
    process = subprocess.Popen(  # noqa: S603  # no user input
        [sys.executable, *command],
        env=os.environ | settings,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield _announced_address(process)
    finally:
        _stop(process)


def _announced_address(process: subprocess.Popen[str]) -> str:
    written = []
    for line in process.stdout or ():
        if match := ADDRESS.search(line):
            return match[1]
        written.append(line)
    sys.exit(f"A program ended before it served:\n{''.join(written)}")


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=STOP_TIME)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _call_with_notes(api: str) -> str:
    """The newest answered call in the inbox, its notes written just now by colleagues."""
    with urllib.request.urlopen(f"{api}/sandbox/calls") as answer:  # noqa: S310  # our own sandbox
        calls = json.load(answer)
    answered = [call for call in calls if call["call_type"] == "answered" and not call["is_archived"]]
    call_id = str(max(answered, key=lambda call: str(call["created_at"]))["id"])
    for content in NOTES:
        body = json.dumps({"content": content}).encode()
        urllib.request.urlopen(f"{api}/sandbox/calls/{call_id}/note", body).close()  # noqa: S310  # ours
    return call_id


if __name__ == "__main__":
    main()
