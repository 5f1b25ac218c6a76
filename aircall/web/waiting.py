"""Who waits for a call back, except our own numbers, which only the directory knows."""

import logging
from dataclasses import replace

from aircall.calls.callers import CallerQuery, QueueFilter
from aircall.storage import STORAGE_ERRORS
from aircall.team.entries import Kind
from aircall.team.service import Team

log = logging.getLogger(__name__)


class WaitingReader:
    """The callers who wait."""

    def __init__(self, callers: CallerQuery, team: Team) -> None:
        self.callers = callers
        self._team = team

    def count(self) -> int:
        """Return how many callers wait."""
        return self.callers.count(self.filter())

    def filter(self, search: str = "") -> QueueFilter:
        """Return the filter of the callers whose name or number matches, or of all, without our own."""
        wanted = QueueFilter(search=search)
        directory = self._team.directory
        try:
            ours = directory.numbers_of(Kind.LINE, Kind.COLLEAGUE)
            return replace(wanted, ours=ours, named=tuple(directory.numbers_named(search)))
        except STORAGE_ERRORS as error:
            # A queue with a colleague in it is of more use than none.
            log.warning("the queue is read without the directory: %s", type(error).__name__)
            return wanted
