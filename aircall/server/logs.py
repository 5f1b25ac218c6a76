"""Log format: one line per event, for a terminal or as JSON (structlog).

The keys of `extra={...}` and what `structlog.contextvars` has bound become fields of the line.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

# Libraries that log payloads, addresses or every request at INFO, and so customers' data.
QUIET = ("pysher", "websocket", "urllib3", "socketio", "engineio")
# gunicorn quotes what it received: URLs with search terms, and headers.
SERVER = "gunicorn.error"
# The logger of lines about security, which are written whatever the level.
AUDIT = "aircall.audit"
QUOTED = re.compile(r"""\?\S*|(['"]).*\1""", re.DOTALL)
# Characters that begin a new line for some readers, or move a terminal's cursor.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

Fields = MutableMapping[str, Any]


def log_settings(log_format: str, level: str) -> dict[str, Any]:
    """Return settings for `logging.config.dictConfig`; `log_format` is `console` or `json`."""
    processors = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_quotes,
    ]
    renderers = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(log_format)]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": processors,
        "processors": renderers,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {name: {"level": "WARNING"} for name in QUIET}
        | {SERVER: {"level": level, "propagate": True}, AUDIT: {"level": "INFO"}},
    }


def packet_log(name: str) -> logging.Logger:
    """Return a logger for this library that drops its complaints about packets that a page sent."""
    packets = logging.getLogger(f"{name}.packets")
    packets.addFilter(_is_server_error)
    return packets


def _is_server_error(record: logging.LogRecord) -> bool:
    return record.exc_info is None and record.levelno >= logging.ERROR


def _renderers(log_format: str) -> list[Any]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer()]
    return [_on_one_line, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]


def _without_quotes(_logger: object, _method: str, fields: Fields) -> Fields:
    if fields.get("logger") == SERVER:
        fields["event"] = QUOTED.sub("…", str(fields["event"]))
    return fields


def _on_one_line(_logger: object, _method: str, fields: Fields) -> Fields:
    # A logged value must not look like a line of its own; the lines of a traceback are indented.
    traceback = fields.pop("exception", None)
    for name, value in fields.items():
        fields[name] = CONTROL.sub(_escaped, value) if isinstance(value, str) else value
    if traceback is not None:
        lines = str(traceback).split("\n")
        fields["exception"] = "\n".join("  | " + CONTROL.sub(_escaped, line) for line in lines)
    return fields


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
