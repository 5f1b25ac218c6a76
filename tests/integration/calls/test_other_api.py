"""The data of another API is cleared by one process alone."""

import pytest
from sqlalchemy import Engine

from aircall.calls.store import CallStore
from aircall.storage import StorageBusyError
from aircall.storage.redis import RedisRecordStore, connect
from aircall.web import services
from aircall.web.services import API_KEY, forget_other_api
from tests.support.redis_server import RedisServer

API, OTHER_API = "https://one.test", "https://other.test"


def test_a_process_that_does_not_get_the_lock_clears_nothing(
    redis: RedisServer, sqlite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "CLEAR_TIMEOUT", 0.1)
    call_store = CallStore(sqlite)
    records, busy = (RedisRecordStore(connect(redis.url)) for _ in range(2))
    forget_other_api(records, call_store, API)
    records.put("login:a", b"kept", 60)

    with busy.lock(API_KEY, 0), pytest.raises(StorageBusyError):
        forget_other_api(records, call_store, OTHER_API)
    assert records.load("login:a") is not None

    forget_other_api(records, call_store, OTHER_API)
    assert records.load("login:a") is None
    records.close()
    busy.close()
