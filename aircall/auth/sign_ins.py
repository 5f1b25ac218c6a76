"""Where each person is logged in: an index of logins by user, so that no list of all logins is read.

A record for each user holds the newest MOST_KEPT logins; another one for each login, when it was last used,
to the minute or so.
"""

import hashlib
import time
from collections.abc import Callable

import msgspec

from aircall.auth.login import LOGIN_LIFETIME
from aircall.auth.logins import Logins
from aircall.errors import LoginEndedError
from aircall.storage.database import LruCache
from aircall.storage.records import RecordStore

INDEX_PREFIX, SEEN_PREFIX = "sign-ins:", "seen:"
# Logins of one name, which a whole office may share. Older ones are ended: none is out of its owner's sight.
MOST_KEPT = 100
# Seconds between two records of a login's use, and that a login waits for others of its name.
SEEN_INTERVAL, LOCK_WAIT = 60.0, 2.0
# Logins whose last record this process remembers.
REMEMBERED = 10_000


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """One login of a person, with the browser that it was made in. Times are in seconds since 1970."""

    # Not the login's: this one is shown on pages.
    id: str
    login_id: str
    browser: str
    system: str
    began_at: float
    seen_at: float = 0.0


class SignIns:
    """The index, for any number of threads and processes. Raises STORAGE_ERRORS, but for `saw`."""

    def __init__(self, records: RecordStore, logins: Logins, clock: Callable[[], float] = time.time) -> None:
        self._records = records
        self._logins = logins
        self._clock = clock
        self._written = LruCache[float](REMEMBERED)

    def add(self, username: str, sign_in: SignIn) -> list[SignIn]:
        """Add a login; return those beyond MOST_KEPT, which the caller has to end."""
        key = _index_key(username)
        with self._records.lock(key, LOCK_WAIT):
            known = [sign_in, *self._known(username)]
            if len(known) > MOST_KEPT:
                known = [each for each in known if self._is_alive(each)]
            self._records.put(key, msgspec.json.encode(known[:MOST_KEPT]), LOGIN_LIFETIME)
        return known[MOST_KEPT:]

    def of(self, username: str) -> list[SignIn]:
        """Return the logins of a person that have not ended, the newest first, with their last use."""
        return [
            msgspec.structs.replace(each, seen_at=self._seen_at(each))
            for each in self._known(username)
            if self._is_alive(each)
        ]

    def saw(self, login_id: str) -> None:
        """Record that a login is used, at most once in SEEN_INTERVAL and only if it can be stored."""
        now = self._clock()
        if now - (self._written.get(login_id) or 0.0) < SEEN_INTERVAL:
            return
        # Before it is tried: a full disk is not asked again by each request.
        self._written.put(login_id, now)
        self._records.put(SEEN_PREFIX + login_id, str(now).encode(), LOGIN_LIFETIME)

    def forget(self, username: str, login_id: str) -> None:
        """Remove a login that has ended."""
        key = _index_key(username)
        with self._records.lock(key, LOCK_WAIT):
            known = self._known(username)
            left = [each for each in known if each.login_id != login_id and self._is_alive(each)]
            if not left:
                self._records.delete(key)
            elif len(left) < len(known):
                self._records.put(key, msgspec.json.encode(left), LOGIN_LIFETIME)
        self._records.delete(SEEN_PREFIX + login_id)

    def _known(self, username: str) -> list[SignIn]:
        record = self._records.load(_index_key(username))
        try:
            return [] if record is None else msgspec.json.decode(record.value, type=list[SignIn])
        except msgspec.MsgspecError:
            # Written by another version.
            return []

    def _is_alive(self, sign_in: SignIn) -> bool:
        try:
            self._logins.get(sign_in.login_id)
        except LoginEndedError:
            return False
        return True

    def _seen_at(self, sign_in: SignIn) -> float:
        record = self._records.load(SEEN_PREFIX + sign_in.login_id)
        return max(sign_in.began_at, float(record.value) if record else 0.0)


def _index_key(username: str) -> str:
    # Hashed: keys are not encrypted, and are as long for any name.
    return INDEX_PREFIX + hashlib.sha256(username.encode()).hexdigest()[:32]
