"""What operators and load balancers ask: is it alive, can it serve."""

from datetime import datetime

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from aircall.link import NOT_STARTED
from aircall.models import instant_text
from aircall.storage_errors import STORAGE_ERRORS
from aircall.web.services import services

bp = Blueprint("ops", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 while the process serves."""
    return "ok\n", {"Content-Type": "text/plain; charset=utf-8"}


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 with the state of each neighbour; 503 where the storage fails, without which there are no pages."""
    upkeep = services().upkeep.state
    link = upkeep.listener if upkeep else NOT_STARTED
    storage, synchronised_at = _storage()
    found = upkeep.trouble if upkeep else None
    state = {
        "storage": storage,
        "upstream": {
            "state": "ok" if found is None else found.error,
            "synchronised_at": synchronised_at,
        },
        "listener": {
            "state": link.state,
            "since": instant_text(link.since),
            "reason": link.reason,
            "retry_at": _text(link.retry_at),
        },
    }
    return jsonify(state), 200 if storage == "ok" else 503


def _storage() -> tuple[str, str | None]:
    try:
        at = services().mirror.log.synchronised_at
        services().store.load("readyz")
    except STORAGE_ERRORS as error:
        return type(error).__name__, None
    return "ok", _text(at)


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant_text(instant)
