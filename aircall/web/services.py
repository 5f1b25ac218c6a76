"""What the views work with, made once by the application factory and found through the current app."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import current_app

from aircall.api.client import ApiClient
from aircall.auth.logins import Logins
from aircall.calls.replica import Mirror
from aircall.calls.statistics import CallFigures
from aircall.changes.jobs import ArchiveJobs
from aircall.changes.service import Changes
from aircall.storage.records import Store
from aircall.sync.scheduler import Background
from aircall.sync.supervisor import Keeper, Upkeep
from aircall.web.live.hub import Live
from config import Config

EXTENSION = "callboard"


@dataclass(frozen=True, kw_only=True)
class Services:
    """The rooms below the pages.

    `feed_age` tells how many seconds ago the feed last heard from its source: 0 where it is its own.
    """

    config: Config
    api: ApiClient
    store: Store
    logins: Logins
    mirror: Mirror
    figures: CallFigures
    changes: Changes
    archive_jobs: ArchiveJobs
    background: Background
    upkeep: Upkeep
    keeper: Keeper
    live: Live
    feed_age: Callable[[], float]


def services() -> Services:
    """The services of the current app."""
    return cast(Services, current_app.extensions[EXTENSION])
