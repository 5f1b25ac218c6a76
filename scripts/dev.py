"""`make dev`: serve beside the sandbox, and again, built anew, after each change of a source.

Open pages load themselves again. Who is signed in stays so: the sandbox keeps its tokens, and the dashboard
its sessions, in `instance/dev` unless DATA_DIR says otherwise. A changed `.env` is read at the next start.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from aircall.web.startup import AddressError, listen
from config import environment
from scripts.run import (
    ANY_LOGIN,
    ROOT,
    StartError,
    address_of,
    greet,
    is_served,
    sandbox_settings,
    start,
    start_sandbox,
    stop,
)

DIST = ROOT / "static" / "dist"
# Open pages load themselves again when its text changes. That has always the same length, which is told once.
BUILD_ID = DIST / "dev.json"
CATALOGS = "aircall/web/translations"
# By what has to be done when a file in them changes.
WATCHED = {
    "front end": ("build.mjs", "scripts/dev-reload.js", "static/js", "static/css", "static/favicon.svg"),
    "translations": (CATALOGS,),
    "sandbox": ("sandbox",),
    "dashboard": ("app.py", "config.py", "gunicorn.conf.py", "aircall", "templates"),
}
SUFFIXES = {".py", ".html", ".js", ".mjs", ".css", ".svg", ".po", ".json"}
# Seconds between two looks at the files, and of quiet after which a change counts as complete.
LOOK_INTERVAL, QUIET = 0.2, 0.1
# How often a dashboard is told to end, and seconds between: while it starts, it may hear nothing.
QUIT_SIGNALS, QUIT_INTERVAL = 20, 0.5
# The sandbox's usual port, so that the sessions of the day before are of the same API.
SANDBOX_PORT = 9100
# Seconds: a week, as long as a session can last.
REFRESH_TTL = str(7 * 24 * 3600)

Snapshot = dict[str, dict[Path, int]]


def main() -> None:
    """Run until Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.chdir(ROOT)
    with contextlib.suppress(KeyboardInterrupt), contextlib.closing(Development()) as development:
        # Taken before the build: what changes during it is seen afterwards.
        seen = snapshot()
        try:
            development.begin()
        except (AddressError, StartError) as error:
            sys.exit(f"Callboard cannot start: {error}")
        greet(development.address, ANY_LOGIN)
        for changed in changes(seen):
            if changed:
                print(f"Changed: {', '.join(sorted(changed))}.", flush=True)
                development.apply(changed)
            else:
                development.announce()


def snapshot() -> Snapshot:
    """Return the time of the last change of every watched file, by group."""
    return {group: dict(_times(places)) for group, places in WATCHED.items()}


def _times(places: tuple[str, ...]) -> Iterator[tuple[Path, int]]:
    for place in places:
        path = ROOT / place
        for file in path.rglob("*") if path.is_dir() else (path,):
            if file.suffix in SUFFIXES:
                # Gone again already.
                with contextlib.suppress(OSError):
                    yield file, file.stat().st_mtime_ns


def changes(seen: Snapshot) -> Iterator[set[str]]:
    """Yield the groups in which files changed, once the change is complete, or none, for ever."""
    while True:
        time.sleep(LOOK_INTERVAL)
        now = snapshot()
        while now != seen and (later := snapshot()) != now:
            now = later
            time.sleep(QUIET)
        yield {group for group in WATCHED if now[group] != seen[group]}
        seen = now


class Development:
    """The sandbox and the dashboard, each started again when it has to be."""

    def __init__(self) -> None:
        self._env = environment(ROOT)
        data_dir = Path(self._env.get("DATA_DIR") or ROOT / "instance" / "dev").absolute()
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._env["DATA_DIR"] = str(data_dir)
        kept = str(data_dir / "sandbox_tokens")
        self._sandbox_options = ("--keep-tokens", kept, "--refresh-ttl", REFRESH_TTL)
        self._sandbox: subprocess.Popen[str] | None = None
        self._dashboard: subprocess.Popen[str] | None = None
        self._build_id = _new_build_id()
        self._is_announced = True
        self.address = ""

    def begin(self) -> None:
        """Build everything, start both, and return when the dashboard answers or has failed."""
        self._start_sandbox(_free_port(SANDBOX_PORT))
        self.address, port = address_of(self._env)
        self._env["PORT"] = str(port)
        self.apply(set(WATCHED) - {"sandbox"})
        while self._dashboard and self._dashboard.poll() is None and not is_served(f"{self.address}/healthz"):
            time.sleep(LOOK_INTERVAL)

    def apply(self, changed: set[str]) -> None:
        """Build and start again what depends on these groups. What fails waits for the next change."""
        try:
            if "sandbox" in changed:
                self._start_sandbox(int(self._env["PUSHER_PORT"]))
            if changed == {"sandbox"}:
                return
            self._build(changed)
        except (StartError, subprocess.CalledProcessError) as error:
            print(f"{error} It is tried again after the next change.", flush=True)
            return
        if self._dashboard:
            _quit(self._dashboard)
        BUILD_ID.write_text(self._build_id)
        self._dashboard = start([sys.executable, "app.py"], self._env)
        self._is_announced = False

    def announce(self) -> None:
        """Let open pages load themselves again, once the new dashboard answers."""
        if not self._is_announced and is_served(f"{self.address}/healthz"):
            self._build_id = _new_build_id()
            BUILD_ID.write_text(self._build_id)
            self._is_announced = True

    def close(self) -> None:
        """Stop both."""
        for process in (self._dashboard, self._sandbox):
            if process:
                stop(process)

    def _start_sandbox(self, port: int) -> None:
        """Raises StartError."""
        if self._sandbox:
            stop(self._sandbox)
        self._sandbox, url = start_sandbox("--port", str(port), *self._sandbox_options)
        self._env |= sandbox_settings(url)

    def _build(self, changed: set[str]) -> None:
        """Raises CalledProcessError."""
        if "front end" in changed:
            _run(["node", "build.mjs"], self._env | {"CALLBOARD_DEV": "1"})
            # Older than every source: `make` builds again what others get.
            os.utime(DIST / "manifest.json", (0, 0))
        if "translations" in changed:
            _run([str(Path(sys.executable).with_name("pybabel")), "-q", "compile", "-d", CATALOGS], self._env)


def _new_build_id() -> str:
    return f"{time.time_ns():020}"


def _quit(dashboard: subprocess.Popen[str]) -> None:
    """End it at once: open pages are loaded again, whatever they are waiting for."""
    for _ in range(QUIT_SIGNALS):
        dashboard.send_signal(signal.SIGQUIT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            dashboard.wait(QUIT_INTERVAL)
            return
    stop(dashboard)


def _run(command: list[str], env: dict[str, str]) -> None:
    subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # no user input


def _free_port(wanted: int) -> int:
    """Return this port, or another one if it is taken."""
    for port in (wanted, 0):
        with contextlib.suppress(AddressError), listen("127.0.0.1", port) as listening:
            return int(listening.getsockname()[1])
    raise AddressError("No port is free.")


if __name__ == "__main__":
    main()
