"""The options of the command line and what they may be. Knows nothing of what they do."""

import argparse
import threading
from collections.abc import Callable, Sequence

from sandbox.generated import MOST_CALLS
from sandbox.guide import DESCRIPTION, epilog
from sandbox.options import Options

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
