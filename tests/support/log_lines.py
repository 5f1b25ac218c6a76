"""Log records as they are written, by the settings of the dashboard."""

import logging
from collections.abc import Iterable
from typing import Any

import structlog

from aircall.server.logs import log_settings


def written(record: logging.LogRecord, log_format: str = "json") -> str:
    """The whole line of a record, its fields included."""
    settings = log_settings(log_format, "DEBUG")["formatters"]["line"]
    settings = {name: value for name, value in settings.items() if name != "()"}
    formatter: logging.Formatter = structlog.stdlib.ProcessorFormatter(**settings)
    return formatter.format(record)


def told(records: Iterable[logging.LogRecord], *fields: str) -> list[tuple[Any, ...]]:
    """What each record tells, and these of its fields."""
    return [(record.getMessage(), *(getattr(record, name, None) for name in fields)) for record in records]
