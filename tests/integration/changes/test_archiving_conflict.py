"""Where our change has undone a colleague's and cannot be made good, that is what is said."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from aircall.api.client import ApiClient
from aircall.auth.client import TokenClient
from aircall.changes.archive import set_archived
from aircall.changes.errors import ConflictError
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until


@pytest.mark.parametrize("status", [429, 503])
def test_a_second_change_that_is_refused_does_not_hide_the_first(sandbox: Sandbox, status: int) -> None:
    call_id = next(call["id"] for call in sandbox.calls() if not call["is_archived"])
    path = f"/calls/{call_id}/archive"
    sandbox.be_slow(1.0, times=1, path=path)

    with ThreadPoolExecutor(1) as pool, closing(ApiClient(sandbox.url)) as api:
        token = api.login("alice", "any").tokens.access
        requests_before = sandbox.counters().requests
        ours = pool.submit(set_archived, TokenClient(api, token), call_id, True)
        wait_until(lambda: sandbox.counters().requests == requests_before + 2, what="our change on its way")
        sandbox.archive(call_id)
        if status == 429:
            sandbox.answer_with(429, b"{}", path=path)
        else:
            sandbox.answer_503(path=path, retry_after=1)
        with pytest.raises(ConflictError) as caught:
            ours.result(20)

    assert caught.value.last_seen.is_archived is sandbox.call(call_id)["is_archived"] is False
