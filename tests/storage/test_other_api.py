"""What belongs to another API is forgotten by one process alone."""

import pytest
from sqlalchemy import Engine

from aircall.calls.store import CallStore
from aircall.storage import StorageBusyError
from aircall.storage.redis import RedisRecordStore, connect
from aircall.web import services
from aircall.web.services import API_KEY, forget_other_api
from tests.support.redis_server import RedisServer

ONE, OTHER = "https://one.test", "https://other.test"


def test_who_does_not_get_its_turn_forgets_nothing(
    redis: RedisServer, sqlite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "FORGETTING_TIME", 0.1)
    log, store, busy = (
        CallStore(sqlite),
        RedisRecordStore(connect(redis.url)),
        RedisRecordStore(connect(redis.url)),
    )
    forget_other_api(store, log, ONE)
    store.put("login:a", b"kept", 60)

    with busy.lock(API_KEY, 0), pytest.raises(StorageBusyError):
        forget_other_api(store, log, OTHER)
    assert store.load("login:a") is not None

    forget_other_api(store, log, OTHER)
    assert store.load("login:a") is None
    store.close()
    busy.close()
