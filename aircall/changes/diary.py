"""Who changed a call through Callboard. A change is made whether or not it can be written down."""

import logging

from aircall.auth.logins import Logins
from aircall.errors import LoginEndedError
from aircall.models import Call
from aircall.storage import STORAGE_ERRORS
from aircall.team.activity import Action, Activity

log = logging.getLogger(__name__)


class Diary:
    """Writes lines of activity about calls. Raises nothing."""

    def __init__(self, logins: Logins, activity: Activity) -> None:
        self._logins = logins
        self._activity = activity

    def archived(self, login_id: str, call: Call) -> None:
        """Write down that this person archived the call, or moved it back, as it shows."""
        self._write(login_id, Action.ARCHIVED if call.is_archived else Action.MOVED_BACK, call)

    def noted(self, login_id: str, call: Call, content: str) -> None:
        """Write down that the newest note of this content is this person's."""
        # An API may trim what it stores, and browsers write a line break as two characters.
        ids = [note.id for note in call.notes if note.content.split() == content.split()]
        self._write(login_id, Action.NOTED, call, ids[0] if ids else "")

    def _write(self, login_id: str, action: Action, call: Call, detail: str = "") -> None:
        try:
            user = self._logins.get(login_id).user
            self._activity.add(action, user, number=call.counterpart, call_id=call.id, detail=detail)
        except (LoginEndedError, *STORAGE_ERRORS) as error:
            log.warning("a change was not written down: %s", type(error).__name__)
