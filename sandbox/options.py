"""What a sandbox can be told at its start. Knows neither the command line nor what the options do.

The words of `--help`: what the sandbox is, and how to switch on each fault. Knows how to do none of it.

The options of the command line and what they may be. Knows nothing of what they do.
"""

import argparse
import inspect
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.faults import FAULTS, FaultSwitches
from sandbox.generated import MOST_CALLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All times are in seconds. `calls` None means the recorded ones; `traffic` None means no colleagues."""

    host: str = "127.0.0.1"
    port: int = 9100
    calls: int | None = None
    seed: int = 1
    access_ttl: float = 600
    refresh_ttl: float = 3600
    strict_rotation: bool = False
    traffic: float | None = None
    max_limit: int | None = None
    latency: float = 0
    pusher_key: str = "d44e3d910d38a928e0be"
    pusher_secret: str = "the-sandbox-signs-with-this"  # noqa: S105 - everybody may know it
    activity_timeout: float = 120
    pong_timeout: float = 30


DESCRIPTION = """\
A stand-in for the Aircall calls API and its Pusher channel, in one process.

Any name and password sign in. The list holds recorded calls, moved in time so that the newest is three
minutes old, or any number of generated ones. Each change is announced on the channel, to the sender too.
Nothing is kept when it ends.
"""

CONTROLS = """\
Control endpoints, which need no token (B is the printed address):
  curl B/sandbox/calls                                        every call, as it is now
  curl -d '{"direction": "inbound"}' B/sandbox/calls          a new call comes in, unannounced
  curl -X DELETE B/sandbox/calls/ID                           the API lists this call no longer
  curl -X POST B/sandbox/calls/ID/archive                     a colleague archives it, or moves it back
  curl -d '{"content": "Call back"}' B/sandbox/calls/ID/note  a colleague puts a note on it
  curl B/sandbox/counters                                     what clients have done
  curl -X DELETE B/sandbox/faults                             all faults off
  curl -X POST B/sandbox/reset                                back to the state at the start
"""

# The parameters each fault is shown with. `times` null means until the faults are cleared.
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
    "reset_after_send": '{"times": 1, "applied": true}',
    "send_event": '{"name": "update-call", "data": "not JSON"}',
    "shift_clock": '{"seconds": 120}',
    "strict_rotation": '{"on": true}',
    "wrong_total": '{"value": -1}',
}


def epilog() -> str:
    """The part of `--help` below the options."""
    return "\n".join([CONTROLS, "Faults:", *map(_fault, FAULTS)])


def _fault(name: str) -> str:
    meaning = inspect.getdoc(getattr(FaultSwitches, name)) or ""
    body = f"-d '{EXAMPLES[name]}'" if name in EXAMPLES else "-X POST"
    return f"  {name}: {meaning.splitlines()[0]}\n    curl {body} B/sandbox/faults/{name}"


HIGHEST_PORT = 65535
DEFAULT_PACE = 2.0
DEFAULT = Options()


def parsed(arguments: Sequence[str] | None) -> Options:
    """The options given. Ends the program with a message where one is not valid."""
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
    group.add_argument("--host", default=DEFAULT.host, help="where to listen (default: %(default)s)")
    group.add_argument(
        "--port",
        type=_whole(0, HIGHEST_PORT),
        default=DEFAULT.port,
        help="0 takes one from the system (default: %(default)s)",
    )
    group.add_argument(
        "--latency",
        type=_seconds,
        default=DEFAULT.latency,
        metavar="SECONDS",
        help="wait so long before each answer of the API (default: %(default)g)",
    )


def _add_call_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("calls")
    group.add_argument(
        "--calls",
        type=_whole(0, MOST_CALLS),
        metavar="N",
        help=f"generate N calls, at most {MOST_CALLS} (default: the recorded ones)",
    )
    group.add_argument(
        "--seed",
        type=int,
        default=DEFAULT.seed,
        help="same seed, same generated calls (default: %(default)s)",
    )
    group.add_argument(
        "--max-limit",
        type=_whole(1, MOST_CALLS),
        metavar="N",
        help="give no more than N calls in an answer, whatever limit was asked for (default: no maximum)",
    )
    group.add_argument(
        "--traffic",
        type=_seconds,
        nargs="?",
        const=DEFAULT_PACE,
        metavar="SECONDS",
        help="colleagues archive, move back and note, and new calls come in: an act every so many seconds, "
        "%(const)g where none are given (default: off)",
    )


def _add_token_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("tokens")
    group.add_argument(
        "--access-ttl",
        type=_seconds,
        default=DEFAULT.access_ttl,
        metavar="SECONDS",
        help="life of an access token (default: %(default)g)",
    )
    group.add_argument(
        "--refresh-ttl",
        type=_seconds,
        default=DEFAULT.refresh_ttl,
        metavar="SECONDS",
        help="life of a refresh token (default: %(default)g)",
    )
    group.add_argument(
        "--strict-rotation",
        action="store_true",
        help="a refresh token is good once; using it again ends all refresh tokens of its login",
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
        help="ping a connection that was silent for so long (default: %(default)g)",
    )
    group.add_argument(
        "--pong-timeout",
        type=_seconds,
        default=DEFAULT.pong_timeout,
        metavar="SECONDS",
        help="close it with 4201 where no answer comes in this time (default: %(default)g)",
    )


def _whole(least: int, most: int) -> Callable[[str], int]:
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
