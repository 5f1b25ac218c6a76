"""Whose calls the log keeps: those of one API, whoever opens the database."""

import pytest
from sqlalchemy import Engine

from aircall.calls.store import CallStore
from aircall.storage.database import DatabaseError, open_database
from tests.support.made_calls import NOON, call_id, made_call
from tests.support.postgres import Postgres

OURS, ANOTHER = "https://api.example.com", "https://other.example.com"


def test_the_calls_of_an_api_are_kept_for_it(database: Engine) -> None:
    log = CallStore(database)
    log.belong_to(OURS)
    log.apply([made_call(1)])
    log.mark_synced(NOON)

    again = CallStore(database)
    again.belong_to(OURS)

    assert again.call_ids() == [call_id(1)]
    assert again.synced_at == NOON


def test_a_file_with_the_calls_of_another_api_begins_afresh(sqlite: Engine) -> None:
    log = CallStore(sqlite)
    log.belong_to(ANOTHER)
    log.apply([made_call(1)])
    log.mark_synced(NOON)

    CallStore(sqlite).belong_to(OURS)

    assert log.call_ids() == []
    assert log.synced_at is None
    CallStore(sqlite).belong_to(OURS)


def test_a_server_with_the_calls_of_another_api_is_refused_and_left_as_it_is(postgres: Postgres) -> None:
    log = CallStore(open_database(postgres.url))
    log.belong_to(ANOTHER)
    log.apply([made_call(1)])

    with pytest.raises(DatabaseError) as refused:
        CallStore(log.engine).belong_to(OURS)

    assert str(refused.value).startswith(f"DATABASE_URL holds the calls of {ANOTHER}")
    assert "\n" not in str(refused.value)
    assert log.call_ids() == [call_id(1)]
    log.belong_to(ANOTHER)
    log.close()
