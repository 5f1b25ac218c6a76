"""A login through any history: it works, fails and ends exactly when a plain model of the rules says so."""

from dataclasses import dataclass

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aircall.errors import LoginEndedError, ServerError
from tests.contract.logins.rooms import Rooms
from tests.support.sandbox import Sandbox

ACCESS_LIFE, REFRESH_LIFE, MARGIN, PAUSE = 600, 3600, 120, 10
STEPS = st.lists(
    st.sampled_from(["ask", "ask", "ask", "expire", "revoke", "trouble", "repair", "end"])
    | st.sampled_from([7, 200, 490, 650, 3700]),
    min_size=4,
    max_size=16,
)
ENDED, TROUBLE, FINE = "the login has ended", "the API is in trouble", "fine"


@dataclass
class Model:
    """What a login is, without any of its machinery. Times are in seconds since it was made."""

    now: float = 0
    issued_at: float = 0
    failed_at: float = -PAUSE
    is_over: bool = False
    is_access_refused: bool = False
    is_refresh_refused: bool = False
    is_api_in_trouble: bool = False
    refresh_count: int = 0
    # The two of the sign-in.
    request_count: int = 2

    def ask(self) -> str:
        """What a request comes to."""
        self.is_over |= self.age >= REFRESH_LIFE
        if self.is_over:
            return ENDED
        if self.age >= ACCESS_LIFE:
            outcome = self._refresh()
            return self._send() if outcome == FINE else outcome
        is_due = self.age >= ACCESS_LIFE - MARGIN and self.now >= self.failed_at + PAUSE
        return ENDED if is_due and self._refresh() == ENDED else self._send()

    @property
    def age(self) -> float:
        """How long ago the tokens were issued."""
        return self.now - self.issued_at

    def _send(self) -> str:
        self.request_count += 1
        if not self.is_access_refused:
            return FINE
        outcome = self._refresh()
        self.request_count += outcome == FINE
        return outcome

    def _refresh(self) -> str:
        self.request_count += 1
        if self.is_api_in_trouble:
            self.failed_at = self.now
            return TROUBLE
        if self.is_refresh_refused:
            self.is_over = True
            return ENDED
        self.issued_at = self.now
        self.failed_at = -PAUSE
        self.is_access_refused = False
        self.refresh_count += 1
        return FINE


def ask(here: Rooms, login_id: str) -> str:
    """What a request comes to, really."""
    try:
        here.logins.authorized(login_id, here.api.me)
    except LoginEndedError:
        return ENDED
    except ServerError:
        return TROUBLE
    return FINE


def take(step: str | int, model: Model, here: Rooms, sandbox: Sandbox, login_id: str) -> None:
    """Let this happen, in the model and in the sandbox."""
    match step:
        case "expire":
            model.is_access_refused = True
            sandbox.expire_access_tokens()
        case "revoke":
            model.is_refresh_refused = True
            sandbox.revoke()
        case "trouble":
            model.is_api_in_trouble = True
            sandbox.answer_503(times=None, path="/auth/refresh-token")
        case "repair":
            model.is_api_in_trouble = False
            sandbox.clear_faults()
            sandbox.shift_clock(model.now)
        case "end":
            model.is_over = True
            here.logins.end(login_id)
        case int(seconds):
            model.now += seconds
            here.clock.ahead = model.now
            sandbox.shift_clock(model.now)


@given(STEPS)
@example([490, "trouble", "ask", "ask", 7, "ask", 7, "ask", "repair", "ask", 7, "ask"])
@example(["revoke", 490, "trouble", "ask", "expire", "ask", "repair", "ask", "ask"])
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_login_does_what_the_model_says_through_any_history(
    here: Rooms, sandbox: Sandbox, steps: list[str | int]
) -> None:
    sandbox.reset()
    here.clock.ahead = 0
    login_id = here.logins.create("alice", "any").id
    model = Model()

    for step in [*steps, "ask"]:
        if step == "ask":
            assert ask(here, login_id) == model.ask()
            assert here.is_kept(login_id) is not model.is_over
            counters = sandbox.counters()
            assert (counters.refreshes, counters.requests) == (model.refresh_count, model.request_count)
        else:
            take(step, model, here, sandbox, login_id)
