"""`make run`: start the sandbox and the dashboard together, and stop both.

With AIRCALL_API_URL in the environment only the dashboard is started, with that API. Arguments are further
options of the sandbox.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from aircall.web.startup import AddressError, listen
from config import Config, ConfigError, environment

ROOT = Path(__file__).parent.parent
# Seconds until the dashboard must answer.
START_TIMEOUT = 30.0
# Seconds until a process is killed. Longer than gunicorn's graceful timeout.
STOP_TIMEOUT = 15.0


# Options of the sandbox, each of which says what calls it has.
KINDS_OF_CALLS = {"--team", "--recorded", "--awkward", "--calls"}
ANY_LOGIN = "Any name and password will do. "


class StartError(Exception):
    """A program could not be started."""


def main() -> None:
    """Run until Ctrl-C, or until the dashboard ends."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        os.chdir(ROOT)
        env, hint = environment(ROOT), ""
        if "AIRCALL_API_URL" not in os.environ:
            try:
                sandbox, url = start_sandbox("--port", "0", *sys.argv[1:])
            except StartError as error:
                sys.exit(str(error))
            stack.callback(stop, sandbox)
            env |= sandbox_settings(url)
            hint = ANY_LOGIN
        address, port = address_of(env)
        dashboard = start([sys.executable, "app.py"], env | {"PORT": str(port)})
        stack.callback(stop, dashboard)
        wait_until_served(dashboard, f"{address}/healthz")
        greet(address, hint)
        sys.exit(dashboard.wait())


def greet(address: str, hint: str) -> None:
    """Say that the dashboard is served, its address last and alone."""
    print(f"\nCallboard is running. {hint}Ctrl-C stops it.\n{address}", flush=True)


def start_sandbox(*options: str) -> tuple[subprocess.Popen[str], str]:
    """Start the sandbox, with a team at work unless the options say otherwise.

    Return it with its address. Raises StartError.
    """
    kind = [] if KINDS_OF_CALLS & set(options) else ["--team"]
    command = [sys.executable, "-m", "sandbox", "--traffic", "20", *kind, *options]
    sandbox = start(command, dict(os.environ), stdout=subprocess.PIPE)
    line = sandbox.stdout.readline() if sandbox.stdout else ""
    if " on http" not in line:
        stop(sandbox)
        raise StartError("The sandbox API could not be started.")
    return sandbox, line.split()[-1]


def sandbox_settings(url: str) -> dict[str, str]:
    """Return the dashboard settings for the sandbox at this URL."""
    parts = urlsplit(url)
    return {
        "AIRCALL_API_URL": url,
        "PUSHER_HOST": str(parts.hostname),
        "PUSHER_PORT": str(parts.port),
        "PUSHER_SCHEME": "http",
        # It is on this machine.
        "PROXY_URL": "",
    }


def address_of(env: dict[str, str]) -> tuple[str, int]:
    """Return where the dashboard will be, and its port. Exits if another program is there."""
    try:
        config = Config.from_environment(env)
        with listen(config.host, config.port) as listening:
            port = listening.getsockname()[1]
    except (AddressError, ConfigError) as error:
        sys.exit(f"Callboard cannot start: {error}")
    # Who listens everywhere is here, too.
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104  # to replace it
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}", port


def wait_until_served(dashboard: subprocess.Popen[str], url: str) -> None:
    """Wait until the URL answers. Exits if the dashboard ends, or does not answer within START_TIMEOUT."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if dashboard.poll() is not None:
            # It has said why.
            sys.exit(dashboard.returncode)
        if is_served(url):
            return
        time.sleep(0.1)
    sys.exit("The dashboard did not start in time.")


def is_served(url: str) -> bool:
    """Return whether this URL answers."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1):  # noqa: S310  # local URL
        return True
    return False


def start(command: list[str], env: dict[str, str], stdout: int | None = None) -> subprocess.Popen[str]:
    """Start a program of ours."""
    return subprocess.Popen(command, env=env, cwd=ROOT, stdout=stdout, text=True)  # noqa: S603  # no user input


def stop(process: subprocess.Popen[str]) -> None:
    """End a program, by force after STOP_TIMEOUT."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()


if __name__ == "__main__":
    main()
