"""The dashboard in this process, on a real sandbox. Alice and Bob are signed in, a stranger is not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from aircall.models import Call
from aircall.web.services import EXTENSION, Services, Timings, start, stop
from app import create_app
from config import Config
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


class CompiledTemplates(BytecodeCache):
    """Compiled templates, in memory: compiling them takes ten times as long as building an application."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


COMPILED = CompiledTemplates()
QUICK = Timings(verify_timeout=1.0, sync_retry_interval=1.0)


@pytest.fixture
def config(sandbox: Sandbox, tmp_path: Path) -> Config:
    """Settings that point at the sandbox."""
    return Config.from_environment(
        {
            "AIRCALL_API_URL": sandbox.url,
            "PUSHER_HOST": sandbox.host,
            "PUSHER_PORT": str(sandbox.port),
            "PUSHER_SCHEME": "http",
            "DATA_DIR": str(tmp_path / "data"),
        }
    )


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The dashboard, listening and synchronizing."""
    app = create_app(config, QUICK)
    app.jinja_env.bytecode_cache = COMPILED
    start(app)
    yield app
    stop(app)


def services_of(app: Flask) -> Services:
    """What the views of this dashboard work with."""
    return cast(Services, app.extensions[EXTENSION])


def signed_in(app: Flask, username: str) -> Person:
    """Return a person who is signed in at a dashboard whose first sync has ended."""
    person = Person(app).sign_in(username)
    store = services_of(app).replica.store
    # Counts are kept from then on, and those who wait last of all.
    wait_until(lambda: store.synced_at is not None and store.callers.is_complete(), 30, "the first sync")
    return person


def session_id(person: Person) -> str:
    """The value of the person's session cookie."""
    cookie = person.client.get_cookie("callboard")
    assert cookie is not None
    return cookie.value


def ids_of_all_pages(person: Person, path: str) -> list[str]:
    """The calls of this page and of all older ones, in their order."""
    ids = person.get(path).call_ids
    while older := person.page.find("a", rel="next"):
        ids += person.get(str(older["href"])).call_ids
    return ids


@pytest.fixture
def early_bird(config: Config) -> Iterator[Person]:
    """Alice, signed in to a dashboard whose first sync has not begun."""
    app = create_app(config, QUICK)
    app.jinja_env.bytecode_cache = COMPILED
    yield Person(app).sign_in("alice")
    stop(app)


NewCall = Callable[..., str]


@pytest.fixture
def new_call(app: Flask, sandbox: Sandbox) -> NewCall:
    """Adds a call to the API and to the replica, and returns its id."""

    def add(**given: Any) -> str:
        call = Call.from_json(sandbox.add_call(**given))
        services_of(app).replica.apply(call)
        return call.id

    return add


@pytest.fixture
def stranger(app: Flask) -> Person:
    """A browser without a session."""
    return Person(app)


@pytest.fixture
def alice(app: Flask) -> Person:
    """Alice, signed in."""
    return signed_in(app, "alice")


@pytest.fixture
def call_id(alice: Person) -> str:
    """The newest call of the inbox."""
    return alice.call_ids[0]


@pytest.fixture
def bob(app: Flask) -> Person:
    """Bob, signed in."""
    return signed_in(app, "bob")
