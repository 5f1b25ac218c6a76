"""Archiving through any history of faults, expired tokens and colleagues toggles once at most.

Only a colleague's toggle between our read and our toggle is a reason for a second one.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from aircall.auth.logins import TokenClient
from aircall.changes.errors import UnconfirmedError
from aircall.changes.service import ArchiveResult, ensure_archived
from aircall.errors import AircallError
from tests.integration.auth.environment import environment
from tests.integration.changes.conftest import UNKNOWN_OUTCOME
from tests.support.sandbox import Sandbox
from tests.support.waiting import wait_until

Fault = Callable[[Sandbox, str], None]
OFTEN = st.sampled_from([True, True, True, False])
HISTORIES = 15 if os.environ.get("CI") == "true" else 4
REFUSED: dict[str, Fault] = {
    "401": lambda api, path: api.answer_with(401, b"{}", path=path),
    "404": lambda api, path: api.answer_with(404, b"{}", path=path),
    "429": lambda api, path: api.answer_with(429, b"{}", path=path),
    "503, retry": lambda api, path: api.answer_503(path=path, retry_after=1),
}
ANY_REQUEST: dict[str, Fault] = {
    "503 once": lambda api, path: api.answer_503(times=1, path=path),
    "503 twice": lambda api, path: api.answer_503(times=2, path=path),
    "unreadable": lambda api, path: api.answer_with(200, b"[", path=path),
    "a drip": lambda api, path: api.drip(0.001, times=1, path=path),
}


class History(RuleBasedStateMachine):
    """Histories of one call."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        super().__init__()
        self.sandbox = sandbox
        sandbox.reset()
        self._environment = environment(sandbox, directory)
        self.env = self._environment.__enter__()
        self.login = self.env.logins.create("alice", "any")
        self.call_id = str(sandbox.calls()[0]["id"])
        self.path = f"/calls/{self.call_id}"

    def teardown(self) -> None:
        self.sandbox.clear_faults()
        self._environment.__exit__(None, None, None)

    @property
    def truth(self) -> bool:
        return self.sandbox.call(self.call_id)["is_archived"] is True

    @rule()
    def a_colleague_changes_it(self) -> None:
        self.sandbox.archive(self.call_id)

    @rule()
    def the_token_expires(self) -> None:
        self.sandbox.expire_access_tokens()

    @rule(is_change=OFTEN, name=st.sampled_from(sorted(UNKNOWN_OUTCOME)), applied=st.booleans())
    def request_with_an_unknown_outcome(self, is_change: bool, name: str, applied: bool) -> None:
        UNKNOWN_OUTCOME[name](self.sandbox, f"{self.path}/archive", applied)
        wanted = self.truth is not is_change
        is_lost = is_change and not applied

        outcome, toggles = self._archive(wanted, verify_timeout=0.2 if is_lost else 10.0)

        if is_lost:
            assert isinstance(outcome, UnconfirmedError)
            assert outcome.last_seen is None or outcome.last_seen.is_archived is not wanted
            assert self.truth is not wanted
        else:
            assert isinstance(outcome, ArchiveResult)
            assert outcome.call.is_archived is self.truth is wanted
            assert outcome.is_changed is is_change
        assert toggles == (is_change and applied)

    @rule(name=st.sampled_from(sorted(REFUSED)))
    def request_that_is_refused(self, name: str) -> None:
        REFUSED[name](self.sandbox, f"{self.path}/archive")
        wanted = not self.truth

        outcome, toggles = self._archive(wanted)

        assert toggles == isinstance(outcome, ArchiveResult) == (self.truth is wanted)

    @rule(is_change=OFTEN, name=st.sampled_from(sorted(ANY_REQUEST)))
    def request_while_the_api_fails(self, is_change: bool, name: str) -> None:
        ANY_REQUEST[name](self.sandbox, self.path)
        wanted = self.truth is not is_change

        outcome, toggles = self._archive(wanted)

        assert toggles == (is_change and self.truth is wanted)
        assert self.truth is wanted or not isinstance(outcome, ArchiveResult)

    @rule(is_change=OFTEN)
    def request(self, is_change: bool) -> None:
        wanted = self.truth is not is_change

        outcome, toggles = self._archive(wanted)

        assert isinstance(outcome, ArchiveResult)
        assert outcome.call.to_json() == self.sandbox.call(self.call_id)
        assert self.truth is wanted
        assert toggles == outcome.is_changed == is_change

    @rule()
    def request_while_a_colleague_toggles_it_too(self) -> None:
        # A new token, so that the change is the second request from here.
        self.env.logins.with_token(self.login.id, self.env.api.me)
        wanted, before = not self.truth, self.sandbox.counters().requests
        self.sandbox.be_slow(30, times=1, path=f"{self.path}/archive")
        with ThreadPoolExecutor(1) as pool:
            ours = pool.submit(self._archive, wanted)
            wait_until(lambda: self.sandbox.counters().requests == before + 2, what="our toggle in flight")
            self.sandbox.archive(self.call_id)
            self.sandbox.clear_faults()
            outcome, toggles = ours.result(20)

        assert isinstance(outcome, ArchiveResult)
        assert outcome.call.is_archived is self.truth is wanted
        # It was the colleague who changed it.
        assert outcome.is_changed is False
        assert toggles == 2

    def _archive(
        self, wanted: bool, verify_timeout: float = 10.0
    ) -> tuple[ArchiveResult | AircallError, int]:
        """Bring the call to a state; return what comes of it, and how often it was toggled for that."""
        before = self.sandbox.counters().archive_flips
        outcome: ArchiveResult | AircallError
        try:
            outcome = self.env.logins.with_token(
                self.login.id,
                lambda token: ensure_archived(
                    TokenClient(self.env.api, token),
                    self.call_id,
                    wanted,
                    verify_interval=0.02,
                    verify_timeout=verify_timeout,
                ),
            )
        except AircallError as error:
            outcome = error
        self.sandbox.clear_faults()
        return outcome, self.sandbox.counters().archive_flips - before


def test_one_toggle_at_most_is_made_through_any_history(sandbox: Sandbox, tmp_path: Path) -> None:
    run_state_machine_as_test(
        lambda: History(sandbox, tmp_path),  # type: ignore[arg-type]  # narrower than its documentation
        settings=settings(max_examples=HISTORIES, stateful_step_count=15),
    )
