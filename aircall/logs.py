"""How log lines look: for people on a terminal, or JSON for machines. Knows nothing of who writes them."""

import sys
from typing import Any

import structlog

# These write every payload, address or request at INFO: customers' data, and lines without end.
QUIET = ("pysher", "websocket", "urllib3", "socketio", "engineio")


def log_settings(log_format: str, level: str) -> dict[str, Any]:
    """Settings for `logging.config.dictConfig`; `log_format` is `console` or `json`."""
    console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    renderer = structlog.processors.JSONRenderer() if log_format == "json" else console
    before = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    after = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    formatter = {"()": structlog.stdlib.ProcessorFormatter, "foreign_pre_chain": before, "processors": after}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {name: {"level": "WARNING"} for name in QUIET}
        | {"gunicorn.error": {"level": level, "propagate": True}},
    }
