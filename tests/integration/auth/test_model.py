"""A login through any history works, fails and ends exactly when a plain model of the rules says so."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from aircall.errors import AircallError, LoginEndedError
from tests.integration.auth.environment import REFRESH, Environment, environment
from tests.support.sandbox import Sandbox

ACCESS_LIFE, REFRESH_LIFE, MARGIN = 600, 3600, 120
PAUSE, URGENT_PAUSE, LAST_CHANCE = 10.0, 2.0, 30.0
ENDED, TROUBLE, FINE = "the login has ended", "the API is in trouble", "fine"
# Faults of a refresh, and whether its response may have been lost.
TROUBLES: dict[str, tuple[Callable[[Sandbox], None], bool]] = {
    "503": (lambda sandbox: sandbox.answer_503(times=None, path=REFRESH), False),
    "HTML": (lambda sandbox: sandbox.answer_with(200, b"<html>", times=None, path=REFRESH), True),
    "reset": (lambda sandbox: sandbox.reset_after_send(times=None, path=REFRESH), True),
}


class Model:
    """The model of a login. Times are in seconds since its start."""

    def __init__(self) -> None:
        self.now = self.issued_at = self.retry_at = 0.0
        self.failed_at = -PAUSE
        self.is_over = self.is_access_refused = self.is_refresh_refused = False
        self.trouble: str | None = None
        self.refresh_count = 0
        # The two of the sign-in.
        self.request_count = 2

    def log_in_again(self) -> None:
        self.issued_at, self.failed_at, self.retry_at = self.now, -PAUSE, 0.0
        self.is_over = self.is_access_refused = self.is_refresh_refused = False
        self.request_count += 2

    def request(self) -> str:
        self.is_over |= self.age >= REFRESH_LIFE
        if self.is_over:
            return ENDED
        if self.age >= ACCESS_LIFE:
            outcome = self._replace()
            return self._send() if outcome == FINE else outcome
        outcome = self._send()
        if not self.is_over and self.age >= ACCESS_LIFE - MARGIN and self.now >= self.retry_at:
            self._refresh()
        return outcome

    @property
    def age(self) -> float:
        return self.now - self.issued_at

    def _send(self) -> str:
        self.request_count += 1
        if not self.is_access_refused:
            return FINE
        outcome = self._replace()
        self.request_count += outcome == FINE
        return outcome

    def _replace(self) -> str:
        return TROUBLE if self.now < self.failed_at + URGENT_PAUSE else self._refresh()

    def _refresh(self) -> str:
        self.request_count += 1
        if self.trouble is not None:
            self.failed_at, self.retry_at = self.now, self.now + PAUSE
            if TROUBLES[self.trouble][1]:
                self.retry_at = max(self.retry_at, self.issued_at + ACCESS_LIFE - LAST_CHANCE)
            return TROUBLE
        if self.is_refresh_refused:
            self.is_over = True
            return ENDED
        self.issued_at, self.failed_at, self.retry_at = self.now, -PAUSE, 0.0
        self.is_access_refused = False
        self.refresh_count += 1
        return FINE


def request(env: Environment, login_id: str) -> str:
    try:
        env.logins.with_token(login_id, env.api.me)
    except LoginEndedError:
        return ENDED
    except AircallError:
        return TROUBLE
    finally:
        env.background.join()
    return FINE


class History(RuleBasedStateMachine):
    """Histories of one login."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        super().__init__()
        self.sandbox = sandbox
        sandbox.reset()
        # So much later at each look that no circuit stays open: that has tests of its own.
        hours = count(0.0, 3600.0)
        self._environment = environment(
            sandbox, directory, is_clock_running=False, api_clock=lambda: next(hours)
        )
        self.env = self._environment.__enter__()
        self.model = Model()

    @initialize()
    def log_in(self) -> None:
        self.login_id = self.env.logins.create("alice", "any").id

    @rule(seconds=st.sampled_from([0, 1, 3, 11, 30, 65, 200, 650, 3700]))
    def make_a_request(self, seconds: int) -> None:
        self._let_pass(seconds)
        self._request()

    @rule()
    def make_a_request_when_the_token_is_due(self) -> None:
        self._let_pass(max(0.0, ACCESS_LIFE - MARGIN + 1 - self.model.age))
        self._request()

    def _request(self) -> None:
        assert request(self.env, self.login_id) == self.model.request()
        if self.model.is_over:
            # It stays over; history goes on with another one.
            assert request(self.env, self.login_id) == self.model.request() == ENDED
            assert not self.env.is_stored(self.login_id)
            self.model.log_in_again()
            self.log_in()

    def _let_pass(self, seconds: float) -> None:
        self.model.now += seconds
        self.env.clock.ahead = self.model.now
        self.sandbox.shift_clock(self.model.now)

    @rule()
    def the_api_forgets_access_tokens(self) -> None:
        self.model.is_access_refused = True
        self.sandbox.expire_access_tokens()

    @rule()
    def the_api_forgets_refresh_tokens(self) -> None:
        self.model.is_refresh_refused = True
        self.sandbox.revoke()

    @precondition(lambda self: self.model.trouble is None)
    @rule(name=st.sampled_from(sorted(TROUBLES)))
    def trouble_begins(self, name: str) -> None:
        self.model.trouble = name
        TROUBLES[name][0](self.sandbox)

    @precondition(lambda self: self.model.trouble is not None)
    @rule()
    def trouble_ends(self) -> None:
        self.model.trouble = None
        self.sandbox.clear_faults()
        self.sandbox.shift_clock(self.model.now)

    @rule()
    def log_out(self) -> None:
        self.model.is_over = True
        self.env.logins.end(self.login_id)
        self._request()

    @invariant()
    def what_is_stored_and_was_asked_is_as_the_model_says(self) -> None:
        counters = self.sandbox.counters()
        assert (counters.refreshes, counters.requests) == (self.model.refresh_count, self.model.request_count)
        is_stored = self.env.is_stored(self.login_id)
        assert is_stored is not (self.model.is_over or self.model.age >= REFRESH_LIFE)

    def teardown(self) -> None:
        self._environment.__exit__(None, None, None)


def test_a_login_does_what_the_model_says_through_any_history(sandbox: Sandbox, tmp_path: Path) -> None:
    run_state_machine_as_test(
        lambda: History(sandbox, tmp_path),  # type: ignore[arg-type]  # narrower than its documentation
        settings=settings(max_examples=40, stateful_step_count=40),
    )
