"""Options of the sandbox and its command line."""

import argparse
import inspect
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.awkward import DEFAULT_COUNT
from sandbox.faults import FAULTS, FaultSwitches
from sandbox.generated import MAX_CALLS

MAX_PORT = 65535
# Seconds.
DEFAULT_TRAFFIC_INTERVAL = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Times are in seconds. `calls` None: the recorded calls, or 1,000 if `awkward`. `traffic` None: none."""

    host: str = "127.0.0.1"
    port: int = 9100
    calls: int | None = None
    awkward: bool = False
    team: bool = False
    seed: int = 1
    access_ttl: float = 600
    refresh_ttl: float = 3600
    strict_rotation: bool = False
    keep_tokens: Path | None = None
    traffic: float | None = None
    max_limit: int | None = None
    latency: float = 0
    pusher_key: str = "d44e3d910d38a928e0be"
    pusher_secret: str = "the-sandbox-signs-with-this"  # noqa: S105 - not a secret
    activity_timeout: float = 120
    pong_timeout: float = 30


DESCRIPTION = """\
A stand-in for the Aircall calls API and its Pusher channel, in one process.

Any username and password are accepted. The list contains recorded calls, shifted in time so that the newest
is three minutes old, or any number of generated calls. Each change is published on the channel, also to its
sender. Nothing is stored on disk, but for what --keep-tokens keeps.
"""

CONTROL_ENDPOINTS = """\
Control endpoints, without a token (B is the printed address):
  curl B/sandbox/calls                                        all calls in their current state
  curl -d '{"direction": "inbound"}' B/sandbox/calls          add a call, without an event
  curl -X DELETE B/sandbox/calls/ID                           remove a call, without an event
  curl -X POST B/sandbox/calls/ID/archive                     toggle the archive state as a colleague
  curl -d '{"content": "Call back"}' B/sandbox/calls/ID/note  add a note as a colleague
  curl B/sandbox/counters                                     counters of client requests
  curl -X DELETE B/sandbox/faults                             switch off all faults
  curl -X POST B/sandbox/reset                                restore the initial state
"""

# Example parameters. `times` null means until the faults are cleared.
EXAMPLES = {
    "answer_503": '{"times": 3, "path": "/calls", "retry_after": 2}',
    "answer_with": '{"status": 200, "body": "<html>", "content_type": "text/html", "path": "/me"}',
    "apply_and_never_answer": '{"times": 1, "seconds": 10}',
    "be_slow": '{"seconds": 2, "times": 5, "path": "/calls"}',
    "drip": '{"seconds": 0.1, "times": 1, "path": "/me"}',
    "drop_sockets": '{"code": 4200}',
    "login_without_refresh_token": '{"on": true}',
    "lose_events": '{"count": 1}',
    "pusher_error": '{"code": 4100}',
    "refuse_channel_auth": '{"status": 403, "times": 2}',
    "refuse_refresh": '{"status": 401}',
    "refuse_sockets": '{"on": true}',
    "reject_logins": '{"status": 401}',
    "reject_password": '{"password": "wrong"}',
    "reset_after_send": '{"times": 1, "applied": true}',
    "send_event": '{"name": "update-call", "data": "not JSON"}',
    "shift_clock": '{"seconds": 120}',
    "strict_rotation": '{"on": true}',
    "wrong_total": '{"value": -1}',
}


def epilog() -> str:
    """Return the part of `--help` after the options."""
    return "\n".join([CONTROL_ENDPOINTS, "Faults:", *map(_fault, FAULTS)])


def _fault(name: str) -> str:
    meaning = inspect.getdoc(getattr(FaultSwitches, name)) or ""
    body = f"-d '{EXAMPLES[name]}'" if name in EXAMPLES else "-X POST"
    return f"  {name}: {meaning.splitlines()[0]}\n    curl {body} B/sandbox/faults/{name}"


DEFAULT = Options()


def parse_arguments(arguments: Sequence[str] | None) -> Options:
    """Parse the command line. Exits with a message if an option is invalid."""
    parser = argparse.ArgumentParser(
        "python -m sandbox",
        description=DESCRIPTION,
        epilog=epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_server_options(parser)
    _add_call_options(parser)
    _add_token_options(parser)
    _add_channel_options(parser)
    return Options(**vars(parser.parse_args(arguments)))


def _add_server_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("server")
    group.add_argument("--host", default=DEFAULT.host, help="address to listen on (default: %(default)s)")
    group.add_argument(
        "--port",
        type=_integer(0, MAX_PORT),
        default=DEFAULT.port,
        help="0 picks a free port (default: %(default)s)",
    )
    group.add_argument(
        "--latency",
        type=_seconds,
        default=DEFAULT.latency,
        metavar="SECONDS",
        help="delay of each API response (default: %(default)g)",
    )


def _add_call_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("calls")
    group.add_argument(
        "--calls",
        type=_integer(0, MAX_CALLS),
        metavar="N",
        help=f"generate N calls, at most {MAX_CALLS} (default: the recorded ones)",
    )
    kind = group.add_mutually_exclusive_group()
    kind.add_argument(
        "--recorded", dest="calls", action="store_const", const=None, help="the 94 recorded calls (default)"
    )
    kind.add_argument(
        "--team",
        action="store_true",
        help="a week of a team with 8 lines and 60 callers, some of whom rang four times today",
    )
    kind.add_argument(
        "--awkward",
        action="store_true",
        help="generate calls with all that trips a client up: each another line and number, SIP and short "
        f"numbers, withheld callers, odd texts and times ({DEFAULT_COUNT} unless --calls is given)",
    )
    group.add_argument(
        "--seed",
        type=int,
        default=DEFAULT.seed,
        help="the same seed generates the same calls (default: %(default)s)",
    )
    group.add_argument(
        "--max-limit",
        type=_integer(1, MAX_CALLS),
        metavar="N",
        help="return at most N calls per page, whatever limit is requested (default: no maximum)",
    )
    group.add_argument(
        "--traffic",
        type=_seconds,
        nargs="?",
        const=DEFAULT_TRAFFIC_INTERVAL,
        metavar="SECONDS",
        help="simulate colleagues and new calls: a random action every so many seconds, %(const)g if "
        "no number is given (default: off)",
    )


def _add_token_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("tokens")
    group.add_argument(
        "--access-ttl",
        type=_seconds,
        default=DEFAULT.access_ttl,
        metavar="SECONDS",
        help="lifetime of an access token (default: %(default)g)",
    )
    group.add_argument(
        "--refresh-ttl",
        type=_seconds,
        default=DEFAULT.refresh_ttl,
        metavar="SECONDS",
        help="lifetime of a refresh token (default: %(default)g)",
    )
    group.add_argument(
        "--strict-rotation",
        action="store_true",
        help="accept a refresh token only once; reuse revokes all refresh tokens of its login",
    )
    group.add_argument(
        "--keep-tokens",
        type=Path,
        metavar="FILE",
        help="keep the keys of the tokens in this file, so that they outlive a restart (default: in memory)",
    )


def _add_channel_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("channel")
    group.add_argument("--pusher-key", default=DEFAULT.pusher_key, help="default: %(default)s")
    group.add_argument("--pusher-secret", default=DEFAULT.pusher_secret, help="default: %(default)s")
    group.add_argument(
        "--activity-timeout",
        type=_seconds,
        default=DEFAULT.activity_timeout,
        metavar="SECONDS",
        help="ping a connection after this long without a message (default: %(default)g)",
    )
    group.add_argument(
        "--pong-timeout",
        type=_seconds,
        default=DEFAULT.pong_timeout,
        metavar="SECONDS",
        help="close it with 4201 if no pong comes in this time (default: %(default)g)",
    )


def _integer(least: int, most: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return whole


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds
