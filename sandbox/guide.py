"""The words of `--help`: what the sandbox is, and how to switch on each fault. Knows how to do none of it."""

import inspect

from sandbox.fault_switches import FAULTS, FaultSwitches

DESCRIPTION = """\
A stand-in for the Aircall calls API and its Pusher channel, in one process.

Any name and password sign in. The list holds recorded calls, moved in time so that the newest is three
minutes old, or any number of generated ones. Each change is announced on the channel, to the sender too.
Nothing is kept when it ends.
"""

CONTROLS = """\
Control endpoints, which need no token (B is the printed address):
  curl B/sandbox/calls                                        every call, as it is now
  curl -d '{"direction": "inbound"}' B/sandbox/calls          a new call comes in, unannounced
  curl -X DELETE B/sandbox/calls/ID                           the API lists this call no longer
  curl -X POST B/sandbox/calls/ID/archive                     a colleague archives it, or moves it back
  curl -d '{"content": "Call back"}' B/sandbox/calls/ID/note  a colleague puts a note on it
  curl B/sandbox/counters                                     what clients have done
  curl -X DELETE B/sandbox/faults                             all faults off
  curl -X POST B/sandbox/reset                                back to the state at the start
"""

# The parameters each fault is shown with. `times` null means until the faults are cleared.
EXAMPLES = {
    "answer_503": '{"times": 3, "path": "/calls", "retry_after": 2}',
    "answer_with": '{"status": 200, "body": "<html>", "content_type": "text/html", "path": "/me"}',
    "apply_and_never_answer": '{"times": 1, "seconds": 10}',
    "be_slow": '{"seconds": 2, "times": 5, "path": "/calls"}',
    "drip": '{"seconds": 0.1, "times": 1, "path": "/me"}',
    "drop_sockets": '{"code": 4200}',
    "login_without_refresh_token": '{"on": true}',
    "lose_events": '{"count": 1}',
    "pusher_error": '{"code": 4100}',
    "refuse_channel_auth": '{"status": 403, "times": 2}',
    "refuse_refresh": '{"status": 401}',
    "refuse_sockets": '{"on": true}',
    "reject_logins": '{"status": 401}',
    "reset_after_send": '{"times": 1, "applied": true}',
    "send_event": '{"name": "update-call", "data": "not JSON"}',
    "shift_clock": '{"seconds": 120}',
    "strict_rotation": '{"on": true}',
    "wrong_total": '{"value": -1}',
}


def epilog() -> str:
    """The part of `--help` below the options."""
    return "\n".join([CONTROLS, "Faults:", *map(_fault, FAULTS)])


def _fault(name: str) -> str:
    meaning = inspect.getdoc(getattr(FaultSwitches, name)) or ""
    body = f"-d '{EXAMPLES[name]}'" if name in EXAMPLES else "-X POST"
    return f"  {name}: {meaning.splitlines()[0]}\n    curl {body} B/sandbox/faults/{name}"
