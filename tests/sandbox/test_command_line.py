"""The command line, and the documentation of the faults."""

import re
from pathlib import Path

import pytest

import sandbox
from sandbox.faults import FAULTS
from sandbox.options import Options, parse_arguments

README = Path(sandbox.__file__).with_name("README.md")


def test_the_defaults_are_those_of_the_hosted_api_with_recorded_calls() -> None:
    options = parse_arguments([])

    assert options == Options()
    assert (options.host, options.port, options.calls) == ("127.0.0.1", 9100, None)
    assert (options.access_ttl, options.refresh_ttl) == (600, 3600)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["--host", "::1"], Options(host="::1")),
        (["--port", "0"], Options(port=0)),
        (["--calls", "1000000"], Options(calls=1_000_000)),
        (["--seed", "3"], Options(seed=3)),
        (["--max-limit", "2"], Options(max_limit=2)),
        (["--latency", "0.5"], Options(latency=0.5)),
        (["--traffic"], Options(traffic=2)),
        (["--traffic", "0.1"], Options(traffic=0.1)),
        (["--access-ttl", "0.5"], Options(access_ttl=0.5)),
        (["--refresh-ttl", "2"], Options(refresh_ttl=2)),
        (["--strict-rotation"], Options(strict_rotation=True)),
        (["--pusher-key", "k"], Options(pusher_key="k")),
        (["--pusher-secret", "s"], Options(pusher_secret="s")),
        (["--activity-timeout", "1"], Options(activity_timeout=1)),
        (["--pong-timeout", "2"], Options(pong_timeout=2)),
    ],
)
def test_every_option_is_parsed(arguments: list[str], options: Options) -> None:
    assert parse_arguments(arguments) == options


@pytest.mark.parametrize(
    "arguments",
    [
        ["--calls", "1000001"],
        ["--calls", "-1"],
        ["--calls", "many"],
        ["--port", "65536"],
        ["--max-limit", "0"],
        ["--access-ttl", "nan"],
        ["--latency", "-1"],
        ["--traffic", "soon"],
    ],
)
def test_an_invalid_option_is_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_arguments(arguments)

    assert arguments[0] in capsys.readouterr().err


def test_help_and_readme_show_each_fault_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        parse_arguments(["--help"])

    for text in (capsys.readouterr().out, README.read_text(encoding="utf-8")):
        assert sorted(re.findall(r"curl .* B/sandbox/faults/(\w+)", text)) == list(FAULTS)
