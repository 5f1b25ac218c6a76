"""Log lines: one per event, whatever it contains, with its fields."""

import json
import logging
import sys

import pytest
from structlog.contextvars import bound_contextvars

from tests.support.log_lines import written

FORGED = "2026-01-01T00:00:00.000000Z [info     ] forged"
# Characters that end a line for some reader.
BREAKS = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
FORMATS = ["console", "json"]


def record(message: str, *args: object, name: str = "aircall.web", **extra: object) -> logging.LogRecord:
    log = logging.getLogger(name)
    return log.makeRecord(name, logging.WARNING, __file__, 1, message, args, None, extra=extra)


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize("end", BREAKS)
def test_neither_a_logged_value_nor_a_traceback_begins_a_line(end: str, log_format: str) -> None:
    hostile = f"harmless{end}{FORGED}"
    failed = record("got %s", hostile, reason=hostile, more=[hostile])

    (line,) = written(failed, log_format).splitlines()
    assert line.count("forged") == 3

    try:
        raise ValueError(hostile)
    except ValueError:
        failed.exc_info = sys.exc_info()
    lines = written(failed, log_format).splitlines()
    assert "ValueError" in "".join(lines)
    assert [line for line in lines[1:] if not line.startswith("  | ")] == []


def test_a_logged_value_never_moves_the_cursor_of_a_terminal() -> None:
    assert "\x1b" not in written(record("got %s", "\x1b[2J", reason="\x1b[1A"), "console")


def test_a_json_line_has_the_event_its_fields_and_the_request() -> None:
    with bound_contextvars(request_id="r-1"):
        line = json.loads(written(record("a page failed", view="calls.index", error="ServerError")))

    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "a page failed",
        "level": "warning",
        "logger": "aircall.web",
        "request_id": "r-1",
        "view": "calls.index",
        "error": "ServerError",
    }


@pytest.mark.parametrize("log_format", FORMATS)
@pytest.mark.parametrize(
    "quoted",
    [
        "Error handling request /calls.csv?q=0612345678",
        "Error handling request GET /calls?from=a&q=0612345678",
        "Invalid request from ip=10.0.0.1: Invalid HTTP request line: 'GET /calls?q=0612345678 HTTP/x'",
        'Invalid request from ip=10.0.0.1: Invalid HTTP Header: "Cookie callboard=0612345678"',
        "Invalid request from ip=10.0.0.1: Invalid HTTP Header: 'Cookie it's 0612345678'",
    ],
)
def test_the_server_does_not_log_what_it_received(quoted: str, log_format: str) -> None:
    line = written(record(quoted, name="gunicorn.error"), log_format)

    assert quoted[:15] in line
    assert "0612345678" not in line


def test_other_lines_of_the_server_are_logged_whole() -> None:
    text = "Listening at: http://127.0.0.1:8000 (123)"

    assert json.loads(written(record(text, name="gunicorn.error")))["event"] == text
