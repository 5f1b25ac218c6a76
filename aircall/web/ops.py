"""What operators and load balancers request: /healthz, /readyz and /metrics."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from typing import cast

from flask import Blueprint, Flask, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from aircall import VERSION, metrics
from aircall.addresses import is_loopback
from aircall.calls.store import CallStore
from aircall.models import instant_text
from aircall.status import NOT_STARTED
from aircall.storage import STORAGE_ERRORS
from aircall.storage.records import RecordStore
from aircall.web.services import Services, services

OK = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageState:
    """`ok` or the name of an error, seconds since it was last ok, and when the last full sync started.

    `left_out` is how many calls it could not read or store.
    """

    state: str
    age: float | None
    synced_at: datetime | None
    left_out: int = 0


class Readiness:
    """Checks the storage at each request."""

    def __init__(self, records: RecordStore, store: CallStore) -> None:
        self._records = records
        self._store = store
        self._good_at: datetime | None = None

    def storage(self) -> StorageState:
        """Return the current state; the age of an error counts from the last successful check."""
        try:
            synced_at, left_out = self._store.last_sync
            # A shared store writes its locks: this finds one that only reads.
            with self._records.lock("readyz", 0):
                self._records.load("readyz")
        except STORAGE_ERRORS as error:
            return StorageState(state=type(error).__name__, age=age_of(self._good_at), synced_at=None)
        self._good_at = datetime.now(UTC)
        return StorageState(state=OK, age=0.0, synced_at=synced_at, left_out=left_out)


def age_of(instant: datetime | None) -> float | None:
    """Return the seconds since then, at least 0; None if it never was."""
    if instant is None:
        return None
    return round(max(0.0, (datetime.now(UTC) - instant).total_seconds()), 1)


bp = Blueprint("ops", __name__)

READINESS = "callboard-readiness"

# Seconds without an answer from Redis, after which the feed is reported as silent. It answers every second.
FEED_TIMEOUT = 3.0

PLAIN_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
# A proxy that passes others on is on this machine as well, and says so by one of these.
FORWARDING = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def register(app: Flask, built: Services) -> None:
    """Register the blueprint, and the readiness check."""
    app.extensions[READINESS] = Readiness(built.records, built.replica.store)
    app.register_blueprint(bp)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Return 200 while the process serves."""
    return "ok\n", PLAIN_TEXT


@bp.get("/metrics")
def show_metrics() -> ResponseReturnValue:
    """Return all metrics to clients with the token, or on this machine if there is none; a 404 to others."""
    if not (_has_token() if services().config.metrics_token else _is_local()):
        return "There is nothing here.\n", 404, PLAIN_TEXT
    return metrics.text(), {"Content-Type": metrics.CONTENT_TYPE}


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Return the version and the state of each neighbor as JSON, with 200; with 503 if the storage fails.

    An age is in seconds: since when it has been so, or since the last full sync; None if there was none.
    """
    built = services()
    sync, role, storage = built.sync.status, built.sync.role, _readiness().storage()
    link = sync.listener if sync else NOT_STARTED
    error = sync.error if sync else None
    contact = built.sync.seconds_since_contact
    state = {
        "version": VERSION,
        "storage": {"state": storage.state, "age": storage.age},
        "upstream": {
            "state": error.name if error else "ok",
            "age": age_of(storage.synced_at),
            "synced_at": _text(storage.synced_at),
            "left_out": storage.left_out,
        },
        "listener": {
            "state": link.state,
            "age": age_of(link.since),
            "since": instant_text(link.since),
            "reason": link.reason,
            "retry_at": _text(link.retry_at),
        },
        "feed": {"state": "ok" if contact < FEED_TIMEOUT else "silent", "age": round(contact, 1)},
        "leader": {"state": "leader" if role.is_leader else "follower", "age": round(role.age, 1)},
    }
    return jsonify(state), 200 if storage.state == "ok" else 503


def _readiness() -> Readiness:
    return cast(Readiness, current_app.extensions[READINESS])


def _is_local() -> bool:
    is_direct = not any(name in request.headers for name in FORWARDING)
    return is_direct and is_loopback(request.remote_addr or "")


def _has_token() -> bool:
    wanted = services().config.metrics_token
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return (
        wanted is not None and scheme.lower() == "bearer" and compare_digest(given.encode(), wanted.encode())
    )


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant_text(instant)
