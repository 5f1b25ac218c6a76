"""What lies on the disk: no token or session id as it is, and nothing of an ended login; changed keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from flask import Flask

from aircall.storage.database import open_database
from aircall.storage.records import SQLiteRecordStore
from aircall.web.services import start, stop
from aircall.web.startup import sessions_url
from app import create_app
from config import Config
from tests.support.person import Person
from tests.support.sandbox import Sandbox
from tests.web.conftest import COMPILED, QUICK, services_of, session_id

OLD_KEY, NEW_KEY = "an older key of more than 32 characters", "a newer key of more than 32 characters"


def files_with(folder: Path, what: bytes) -> list[str]:
    """The names of the files in which these bytes stand."""
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and what in path.read_bytes())


def secrets_of(app: Flask, person: Person) -> list[bytes]:
    """The session id and both tokens of a person who is signed in."""
    records = services_of(app).records
    (login_key,) = records.keys("login:")
    tokens = services_of(app).logins.get(login_key.removeprefix("login:")).tokens
    assert tokens.refresh
    return [text.encode() for text in (session_id(person), tokens.access, tokens.refresh)]


def test_no_file_has_a_token_or_a_session_id_and_after_a_logout_not_even_what_they_were_stored_as(
    app: Flask, alice: Person, config: Config, sandbox: Sandbox
) -> None:
    held = secrets_of(app, alice)
    sandbox.expire_access_tokens()
    alice.get("/calls")
    held += secrets_of(app, alice)
    session_key = sha256(held[0]).hexdigest().encode()
    stored = services_of(app).records.keys("login:")[0].removeprefix("login:").encode()
    assert files_with(config.data_dir, session_key)
    assert files_with(config.data_dir, stored)
    assert [files_with(config.data_dir, secret) for secret in held] == [[]] * len(held)

    alice.submit("/logout")

    assert [files_with(config.data_dir, secret) for secret in (session_key, stored, *held)] == [[]] * 8


@contextmanager
def served(config: Config) -> Iterator[Flask]:
    """A dashboard with these settings."""
    app = create_app(config, QUICK)
    app.jinja_env.bytecode_cache = COMPILED
    start(app)
    try:
        yield app
    finally:
        stop(app)


def test_a_changed_key_logs_nobody_out_while_the_old_one_is_a_fallback(config: Config) -> None:
    with served(replace(config, secret_key=OLD_KEY)) as app:
        alice, visitor = Person(app).sign_in("alice"), Person(app).get("/login")
        alice.get("/calls")

    with served(replace(config, secret_key=NEW_KEY, secret_key_fallbacks=(OLD_KEY,))) as app:
        for person in (alice, visitor):
            person.client.application = app
        assert alice.submit("/theme", theme="dark").path == "/calls"
        assert visitor.submit("/login", username="bob", password="x").path == "/calls"

    with served(replace(config, secret_key=NEW_KEY)) as app:
        alice.client.application = visitor.client.application = app
        assert visitor.get("/calls").path == "/calls"
        assert alice.get("/calls").path == "/login"


def test_what_an_earlier_version_kept_unencrypted_is_deleted_at_the_first_start(
    config: Config,
) -> None:
    records = SQLiteRecordStore(open_database(sessions_url(config)))
    records.put("api", config.api_url.encode(), 3600)
    records.put("login:1", b"a refresh token", 3600)
    records.close()

    with served(config):
        assert files_with(config.data_dir, b"a refresh token") == []
