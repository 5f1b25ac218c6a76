"""A login through any history: it works, fails and ends exactly when a plain model of the rules says so."""

from pathlib import Path

from hypothesis import HealthCheck, settings
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
from tests.integration.auth.model import (
    ACCESS_LIFE,
    ENDED,
    FINE,
    MARGIN,
    REFRESH_LIFE,
    TROUBLE,
    TROUBLES,
    Model,
)
from tests.integration.auth.rooms import Rooms, rooms
from tests.support.sandbox import Sandbox


def ask(here: Rooms, login_id: str) -> str:
    """What a request comes to, really."""
    try:
        here.logins.with_token(login_id, here.api.me)
    except LoginEndedError:
        return ENDED
    except AircallError:
        return TROUBLE
    finally:
        here.later.settle()
    return FINE


class History(RuleBasedStateMachine):
    """Histories of one login on this sandbox."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        super().__init__()
        self.sandbox = sandbox
        sandbox.reset()
        self._rooms = rooms(sandbox.url, directory, is_clock_running=False)
        self.here = self._rooms.__enter__()
        self.model = Model()

    @initialize()
    def sign_in(self) -> None:
        self.login_id = self.here.logins.create("alice", "any").id

    @rule(seconds=st.sampled_from([0, 1, 3, 11, 30, 65, 200, 650, 3700]))
    def make_a_request(self, seconds: int) -> None:
        self._let_pass(seconds)
        self._ask()

    @rule()
    def make_a_request_when_the_token_is_due(self) -> None:
        self._let_pass(max(0.0, ACCESS_LIFE - MARGIN + 1 - self.model.age))
        self._ask()

    def _ask(self) -> None:
        assert ask(self.here, self.login_id) == self.model.ask()
        if self.model.is_over:
            # It stays over; history goes on with another one.
            assert ask(self.here, self.login_id) == self.model.ask() == ENDED
            assert not self.here.is_kept(self.login_id)
            self.model.sign_in_again()
            self.sign_in()

    def _let_pass(self, seconds: float) -> None:
        self.model.now += seconds
        self.here.clock.ahead = self.model.now
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
        self.here.logins.end(self.login_id)
        self._ask()

    @invariant()
    def what_is_kept_and_was_asked_is_as_the_model_says(self) -> None:
        counters = self.sandbox.counters()
        assert (counters.refreshes, counters.requests) == (
            self.model.refresh_count,
            self.model.request_count,
        )
        is_kept = self.here.is_kept(self.login_id)
        assert is_kept is not (self.model.is_over or self.model.age >= REFRESH_LIFE)

    def teardown(self) -> None:
        self._rooms.__exit__(None, None, None)


def test_a_login_does_what_the_model_says_through_any_history(sandbox: Sandbox, tmp_path: Path) -> None:
    run_state_machine_as_test(
        lambda: History(sandbox, tmp_path),  # type: ignore[arg-type]  # narrower than its documentation
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
