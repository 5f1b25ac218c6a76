"""The command line, and the documentation of the faults."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest

import sandbox
from sandbox.faults import FAULTS
from sandbox.options import Options, parse_arguments

README = Path(sandbox.__file__).with_name("README.md")


EVERY_OPTION = (
    "--host ::1 --port 0 --calls 1000000 --awkward --seed 3 --max-limit 2 --latency 0.5 --traffic 0.1 "
    "--access-ttl 0.5 --refresh-ttl 2 --strict-rotation --keep-tokens kept --pusher-key k --pusher-secret s "
    "--activity-timeout 1 --pong-timeout 3"
)
INVALID = [
    "--calls 1000001",
    "--calls x",
    "--latency x",
    "--max-limit 0",
    "--latency nan",
    "--latency -1",
    "--awkward --recorded",
    "--team --awkward",
]


def test_the_defaults_are_those_of_the_hosted_api_with_recorded_calls() -> None:
    options = parse_arguments([])

    assert options == Options()
    assert (options.host, options.port, options.calls) == ("127.0.0.1", 9100, None)
    assert (options.access_ttl, options.refresh_ttl) == (600, 3600)
    assert parse_arguments(["--traffic"]).traffic == 2
    assert parse_arguments(["--recorded"]) == options


def test_every_option_is_parsed() -> None:
    kinds = {"calls": 1_000_000, "awkward": True, "team": False, "seed": 3}
    limits = {"max_limit": 2, "latency": 0.5, "traffic": 0.1}
    tokens = {"access_ttl": 0.5, "refresh_ttl": 2, "strict_rotation": True, "keep_tokens": Path("kept")}
    channel = {"pusher_key": "k", "pusher_secret": "s", "activity_timeout": 1, "pong_timeout": 3}

    options = asdict(parse_arguments(EVERY_OPTION.split()))

    assert options == {"host": "::1", "port": 0, **kinds, **limits, **tokens, **channel}


@pytest.mark.parametrize("option", INVALID)
def test_an_invalid_option_is_named(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(option.split())

    assert option.split()[0] in capsys.readouterr().err


def test_help_and_readme_show_each_fault_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parse_arguments(["--help"])

    for text in (capsys.readouterr().out, README.read_text(encoding="utf-8")):
        assert sorted(re.findall(r"curl .* B/sandbox/faults/(\w+)", text)) == list(FAULTS)
