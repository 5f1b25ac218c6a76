"""Which room may know what, read from the import statements."""

from collections.abc import Iterable

import pytest

from tests.support.processes import ROOT
from tests.support.source_code import House, cycle, hidden_imports, house, imports, reach, token_uses

DASHBOARD = house(
    ROOT, "app.py", "config.py", "config_values.py", "gunicorn.conf.py", "aircall/**/*.py", "scripts/**/*.py"
)
SANDBOX = house(ROOT, "sandbox/**/*.py")
WEB = sorted(name for name in DASHBOARD if f"{name}.".startswith("aircall.web."))
BELOW_WEB = sorted(name for name in DASHBOARD if f"{name}.".startswith("aircall.") and name not in WEB)

FLASK = {
    "babel",
    "flask",
    "flask_babel",
    "flask_compress",
    "flask_session",
    "flask_socketio",
    "flask_wtf",
    "jinja2",
    "werkzeug",
    "wtforms",
}
HTTP = {"http", "requests", "urllib", "urllib3"}
PUSHER = {"pysher", "websocket"}
SQL = {"sqlalchemy", "sqlite3"}
REDIS = {"redis"}
THREADS = {"concurrent", "socket", "subprocess", "threading"}
# What a room never learns, not even from those that it knows.
IGNORANCE = {
    "config": FLASK | HTTP - {"urllib"} | PUSHER | SQL | {"aircall"},
    "config_values": FLASK | HTTP - {"urllib"} | PUSHER | SQL | REDIS | {"aircall", "config"},
    "aircall.metrics": FLASK | HTTP | PUSHER | SQL,
    "aircall.models": FLASK | HTTP | PUSHER | SQL | THREADS,
    "aircall.grants": FLASK | HTTP | PUSHER | SQL | THREADS,
    "aircall.errors": FLASK | HTTP | PUSHER | SQL | THREADS,
    "aircall.client": FLASK | PUSHER | SQL | {"aircall.logins", "aircall.store"},
    "aircall.login": FLASK | HTTP | PUSHER,
    "aircall.logins": FLASK | PUSHER,
    "aircall.account": FLASK | PUSHER,
    "aircall.store": FLASK | HTTP | PUSHER | SQL | REDIS | THREADS,
    "aircall.embedded_store": FLASK | HTTP | PUSHER | REDIS,
    "aircall.redis_connection": FLASK | HTTP - {"urllib"} | PUSHER | SQL,
    "aircall.redis_locks": FLASK | HTTP - {"urllib"} | PUSHER | SQL,
    "aircall.redis_store": FLASK | HTTP - {"urllib"} | PUSHER | SQL,
    "aircall.call_log": FLASK | HTTP | PUSHER | {"aircall.client"},
    "aircall.call_query": FLASK | HTTP | PUSHER | {"aircall.client"},
    "aircall.call_context": FLASK | HTTP | PUSHER | {"aircall.client"},
    "aircall.call_figures": FLASK | HTTP | PUSHER | {"aircall.client"},
    "aircall.turns": FLASK | HTTP | PUSHER | SQL | THREADS | {"aircall"},
    "aircall.figures": FLASK | HTTP | PUSHER | SQL,
    "aircall.reading": FLASK | HTTP | PUSHER | SQL,
    "aircall.page_size": FLASK | HTTP | PUSHER | SQL,
    "aircall.promised": FLASK | HTTP | PUSHER | SQL,
    "aircall.settling": FLASK | HTTP | PUSHER | {"aircall.client", "aircall.logins"},
    "aircall.noting": FLASK | HTTP | PUSHER | {"aircall.client", "aircall.logins"},
    "aircall.archive_job": FLASK | HTTP | PUSHER | SQL,
    "aircall.archive_run": FLASK | PUSHER,
    "aircall.patience": FLASK | HTTP | PUSHER | SQL,
    "aircall.archive_jobs": FLASK | PUSHER,
    "aircall.feed": FLASK | HTTP | PUSHER | SQL,
    "aircall.signals": FLASK | HTTP | PUSHER | SQL | REDIS,
    "aircall.upkeep": FLASK | {"aircall.client", "aircall.logins", "aircall.redis_connection"},
    "aircall.shared.redis_feed": FLASK | HTTP | PUSHER | SQL,
    "aircall.shared.redis_signals": FLASK | HTTP | PUSHER | SQL,
    "aircall.shared.follower": FLASK | HTTP | PUSHER | SQL,
    "aircall.shared.ownership": FLASK | HTTP | PUSHER | SQL,
    "aircall.shared.sharing": FLASK | {"aircall.client", "aircall.logins"},
    "aircall.mirror": FLASK | HTTP | PUSHER | {"aircall.client"},
    "aircall.synchronisation": FLASK | HTTP | PUSHER | {"aircall.client", "aircall.logins"},
    "aircall.takeover": FLASK | HTTP | PUSHER | {"aircall.client", "aircall.logins"},
    "aircall.background": FLASK | HTTP | PUSHER | {"aircall.client", "aircall.logins"},
    "aircall.listener": FLASK | SQL | {"aircall.store", "aircall.call_log", "aircall.logins"},
    "aircall.changes": FLASK | PUSHER,
}
# Where tokens are made, kept, renewed and sent.
TOKEN_ROOMS = {"fields", "grants", "client", "login", "logins", "account", "archiving"}


def packages(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def found(names: Iterable[str], unwanted: set[str]) -> dict[str, set[str]]:
    """What each of these modules imports that it should not."""
    modules = {**DASHBOARD, **SANDBOX}
    return {name: bad for name in names if (bad := imports(modules[name]) & unwanted)}


def test_the_house_is_read_whole() -> None:
    assert {
        "app",
        "config",
        "gunicorn.conf",
        "aircall.client",
        "aircall.web.live",
        "scripts.run",
    } <= DASHBOARD.keys()
    assert "sandbox.rest" in SANDBOX
    assert "flask" in imports(DASHBOARD["aircall.web.session"])
    assert "sqlalchemy" in reach(DASHBOARD, "aircall.mirror")


def test_flask_appears_only_in_the_app_and_in_its_web_rooms() -> None:
    others = DASHBOARD.keys() - {"app", *WEB}

    assert found(others, FLASK) == {}


def test_who_lives_below_the_web_rooms_imports_nothing_from_above() -> None:
    assert found(BELOW_WEB, {"aircall.web", "app", "config", "gunicorn", "scripts"}) == {}


def test_web_rooms_know_no_sql_no_pusher_and_no_http_client() -> None:
    assert found(WEB, SQL | PUSHER | {"http", "requests", "urllib3"}) == {}


def test_requests_leave_by_one_door_and_one_room_alone_repeats_them() -> None:
    assert found(DASHBOARD, {"requests", "urllib3"}).keys() == {"aircall.connections", "aircall.transport"}
    assert found(DASHBOARD, {"aircall.retries"}).keys() == {"aircall.client"}


@pytest.mark.parametrize("name", sorted(IGNORANCE))
def test_a_room_does_not_learn_what_it_is_not_to_know(name: str) -> None:
    learnt = reach(DASHBOARD, name)

    assert learnt & IGNORANCE[name] == set()


def test_only_the_metrics_and_the_server_know_prometheus() -> None:
    others = DASHBOARD.keys() - {"aircall.metrics", "aircall.processes", "gunicorn.conf"}

    assert found(others, {"prometheus_client"}) == {}
    assert reach(DASHBOARD, "aircall.metrics") & DASHBOARD.keys() == {"aircall", "aircall.processes"}


def test_the_sandbox_and_the_dashboard_know_nothing_of_each_other_or_of_the_tests() -> None:
    assert found(SANDBOX, packages(DASHBOARD) | {"tests"}) == {}
    assert found(DASHBOARD, {"sandbox", "tests"}) == {}


@pytest.mark.parametrize("modules", [DASHBOARD, SANDBOX], ids=["dashboard", "sandbox"])
def test_no_modules_import_each_other_in_a_circle(modules: House) -> None:
    assert cycle(modules) == []


def test_imports_stand_at_the_top_where_they_are_seen() -> None:
    modules = {**DASHBOARD, **SANDBOX}

    assert {name: lines for name in modules if (lines := hidden_imports(modules[name]))} == {}


def test_outside_the_token_rooms_a_token_is_only_handed_on() -> None:
    others = DASHBOARD.keys() - {f"aircall.{room}" for room in TOKEN_ROOMS}

    assert {name: lines for name in others if (lines := token_uses(DASHBOARD[name]))} == {}
