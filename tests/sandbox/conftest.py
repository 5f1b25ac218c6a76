import pytest

from tests.support.sandbox import Sandbox


@pytest.fixture
def call_id(sandbox: Sandbox) -> str:
    """The id of the first call of the list."""
    return str(sandbox.calls()[0]["id"])
