"""The reading of source that the test of the layers relies on: it finds what it is there to find."""

import ast

import pytest

from tests.support.source_code import House, cycle, hidden_imports, imports, reach, token_uses


def written(**modules: str) -> House:
    """A house of modules with this source."""
    return {name: ast.parse(source) for name, source in modules.items()}


@pytest.mark.parametrize(
    "source",
    [
        "import a",
        "import a.b",
        "from a import b",
        "from a.b import c",
        "if True:\n    import a",
        "try: import a\nfinally: pass",
    ],
)
def test_an_import_is_seen_however_it_is_written(source: str) -> None:
    assert "a" in imports(ast.parse(source))


def test_what_is_imported_for_types_alone_does_not_count() -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import b\n"

    assert imports(ast.parse(source)) == {"typing", "typing.TYPE_CHECKING"}


def test_what_a_neighbour_imports_is_learnt() -> None:
    modules = written(a="from b import c", b="import d.e")

    assert reach(modules, "a") == {"b", "b.c", "d", "d.e"}


def test_a_circle_is_found() -> None:
    assert set(cycle(written(a="import b", b="from c import d", c="import a"))) == {"a", "b", "c"}
    assert cycle(written(a="import b\nimport c", b="import c", c="")) == []


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    import a",
        "class A:\n    async def f(self):\n        from a import b",
        "import importlib",
        "a = __import__('b')",
    ],
)
def test_a_hidden_import_is_found(source: str) -> None:
    assert hidden_imports(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "print(login.tokens)",
        "def keep(access_token): ...",
        "session['x'] = token",
        "from aircall.grants import Tokens",
        "from aircall.grants import Grant as Loot",
        "api.get_call(access_token=loot)",
        "authorized(lambda token: log.info('%s', [token]))",
        "authorized(lambda token: token)",
        "authorized(lambda t: t)",
        "authorized(lambda t: f'{t}')",
        "logins.authorized(login_id, keep)",
        "logins.authorized_by_anyone(stolen.append)",
        "authorized()",
    ],
)
def test_a_use_of_a_token_is_found(source: str) -> None:
    assert token_uses(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "authorized(lambda token: api.get_call(token, call_id))",
        "logins.authorized(login_id, lambda t: archiving.set_archived(api, t, call_id, True))",
        "account.authorized(partial(api.get_calls, offset=0, limit=10))",
        "fields['csrf_token'] = form.csrf_token",
    ],
)
def test_a_token_may_be_handed_on(source: str) -> None:
    assert token_uses(ast.parse(source)) == []
