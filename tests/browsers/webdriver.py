"""WebDriver's commands to Firefox and WebKitGTK, without a driver of their own.

Firefox speaks Marionette, its own form of WebDriver, over TCP; WebKitGTK comes with an HTTP server for it.
"""

import itertools
import json
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import requests

from tests.support.ports import LOOPBACK, free_port
from tests.support.processes import running
from tests.support.waiting import wait_until

# Seconds. On a busy machine a browser starts, and a page loads, within this.
TIMEOUT = 60.0
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
WINDOW = {"width": 1280, "height": 800}
PREFERENCES = {
    "marionette.port": 0,
    # Nothing but the dashboard is asked for anything.
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class Driver(Protocol):
    """A session with a browser: one command at a time, by its WebDriver name and HTTP path."""

    def command(self, name: str, method: str, path: str, **arguments: Any) -> Any:
        """Return the command's value. Raises AssertionError with what the browser says is wrong."""


class Marionette:
    """Firefox's protocol: JSON arrays, each after its length and a colon."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((LOOPBACK, port), TIMEOUT)
        self._reader = self._socket.makefile("rb")
        self._ids = itertools.count(1)
        self._receive()

    def command(self, name: str, method: str, path: str, **arguments: Any) -> Any:  # noqa: ARG002  # HTTP's
        message = json.dumps([0, next(self._ids), f"WebDriver:{name}", arguments]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._receive()
        assert error is None, f"{name}: {error['error']}: {error['message']}"
        return result["value"] if isinstance(result, dict) and result.keys() == {"value"} else result

    def close(self) -> None:
        self._reader.close()
        self._socket.close()

    def _receive(self) -> Any:
        length = b"".join(iter(lambda: self._reader.read(1), b":"))
        return json.loads(self._reader.read(int(length)))


class WebKitDriver:
    """WebKitGTK's protocol: that of the standard, over HTTP."""

    def __init__(self, url: str) -> None:
        self._session = requests.Session()
        self._session.trust_env = False
        self._url = url

    def command(self, name: str, method: str, path: str, **arguments: Any) -> Any:
        body = arguments if method == "POST" else None
        value = self._session.request(method, self._url + path, json=body, timeout=TIMEOUT).json()["value"]
        assert not (isinstance(value, dict) and "error" in value), f"{name}: {value}"
        return value

    def begin(self, options: dict[str, Any]) -> None:
        """Begin a session, which all further commands belong to."""
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        session = self.command("NewSession", "POST", "/session", capabilities=wanted)
        self._url += f"/session/{session['sessionId']}"

    def close(self) -> None:
        self.command("DeleteSession", "DELETE", "")
        self._session.close()


@contextmanager
def firefox(profile: Path, *, has_scripts: bool) -> Iterator[Driver]:
    """A Firefox of its own, without a window."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    assert program, "Firefox has to be installed so that `firefox-esr` or `firefox` is a command."
    preferences = PREFERENCES | {"javascript.enabled": has_scripts}
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
    (profile / "user.js").write_text("\n".join(lines))
    command = [program, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
    with running(command, r"Marionette\s+INFO\s+Listening on port (\d+)") as started:
        driver = Marionette(int(started.ready[1]))
        driver.command("NewSession", "", "", capabilities={})
        yield driver
        driver.close()


@contextmanager
def webkit(profile: Path, *, has_scripts: bool) -> Iterator[Driver]:
    """A WebKitGTK of its own, on a display that nobody sees."""
    browsers = sorted(Path("/usr").glob("lib*/**/webkit2gtk-4*/MiniBrowser"))
    assert browsers, "WebKitGTK's MiniBrowser and WebKitWebDriver have to be installed."
    home = {name: str(profile) for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    with ExitStack() as stack:
        display = stack.enter_context(
            running(["Xvfb", "-displayfd", "1", "-screen", "0", "1400x1000x24"], r"^(\d+)$")
        )
        environment = {**os.environ, **home, "DISPLAY": f":{display.ready[1]}"}
        port = free_port()
        stack.enter_context(
            running(
                ["sh", "-c", f"echo ready; exec WebKitWebDriver --host={LOOPBACK} --port={port}"],
                "ready",
                environment=environment,
            )
        )
        wait_until(lambda: _listens(port), TIMEOUT, "WebKitWebDriver")
        driver = WebKitDriver(f"http://{LOOPBACK}:{port}")
        arguments = ["--automation", f"--enable-javascript={str(has_scripts).lower()}"]
        driver.begin({"binary": str(browsers[-1]), "args": arguments})
        yield driver
        driver.close()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


ENGINES = {"firefox": firefox, "webkit": webkit}


class Browser:
    """A browser at one dashboard: what people do there, and what they see. Waits for what it is asked for."""

    def __init__(self, driver: Driver, address: str) -> None:
        self._driver = driver
        self.address = address
        driver.command("SetWindowRect", "POST", "/window/rect", **WINDOW)

    def open(self, path: str) -> None:
        """Go to a page of the dashboard."""
        self._driver.command("Navigate", "POST", "/url", url=self.address + path)

    def forget(self) -> None:
        """Delete the dashboard's cookies, which ends sessions and choices."""
        self._driver.command("DeleteAllCookies", "DELETE", "/cookie")

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what the body of a function returns."""
        return self._driver.command(
            "ExecuteScript", "POST", "/execute/sync", script=script, args=list(arguments)
        )

    def run_async(self, script: str) -> Any:
        """Return what the body of a function passes to its last argument."""
        return self._driver.command("ExecuteAsyncScript", "POST", "/execute/async", script=script, args=[])

    def click(self, selector: str, text: str = "") -> None:
        """Click on the first element of this kind that is shown, with this text or name."""
        element = self._found(selector, text)
        self._driver.command("ElementClick", "POST", f"/element/{element}/click", id=element)

    def write(self, selector: str, text: str) -> None:
        """Type into a field."""
        element = self._found(selector, "")
        self._driver.command("ElementSendKeys", "POST", f"/element/{element}/value", id=element, text=text)

    def press(self, key: str) -> None:
        """Press a key, wherever the focus is."""
        keys = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": keys}
        self._driver.command("PerformActions", "POST", "/actions", actions=[keyboard])

    def expect(self, condition: str, *arguments: Any) -> None:
        """Wait until this expression of the page is true."""
        wait_until(lambda: self._holds(f"return Boolean({condition})", *arguments), TIMEOUT, condition)

    def _holds(self, script: str, *arguments: Any) -> bool:
        try:
            return bool(self.run(script, *arguments))
        except AssertionError as error:
            # The page is being left.
            if re.search("javascript error|no such|stale|aborted", str(error)):
                return False
            raise

    def _found(self, selector: str, text: str) -> str:
        self.expect(f"({SHOWN})(...arguments)", selector, text)
        element: str = self.run(f"return ({SHOWN})(...arguments)", selector, text)[ELEMENT]
        return element


SHOWN = """(selector, text) => [...document.querySelectorAll(selector)].find((element) =>
  element.getClientRects().length > 0 && element.textContent.replace(/\\s+/g, ' ').includes(text))"""
