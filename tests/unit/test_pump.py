"""The pump: a thread that does not come back is replaced, and what it may have lost is reported."""

import sys
import threading
from threading import Event

import pytest

from aircall.models import Call
from aircall.pusher.listener import EventQueue
from tests.support.made_calls import made_call
from tests.support.waiting import wait_until

GAP = "gap"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_died_is_replaced_with_a_gap() -> None:
    before, heard = threads(), list[str]()

    def die_once(call: Call) -> None:
        heard.append(call.id)
        if len(heard) == 1:
            sys.exit()

    pump = EventQueue(die_once, lambda: heard.append(GAP), limit=10)
    pump.start()
    pump.put(made_call(1))
    wait_until(lambda: not threads() - before, what="the end of the thread")

    pump.put(made_call(2))

    wait_until(lambda: len(heard) == 3)
    assert heard == [made_call(1).id, GAP, made_call(2).id]
    pump.stop()


def test_a_thread_that_hangs_is_replaced_with_a_gap_but_only_once() -> None:
    before, may_go_on, heard = threads(), Event(), list[str]()

    def hang(call: Call) -> None:
        heard.append(call.id)
        may_go_on.wait()

    pump = EventQueue(hang, lambda: heard.append(GAP), limit=1000, stuck_after=0)
    pump.start()
    pump.put(made_call(1))
    wait_until(lambda: heard == [made_call(1).id])

    for _ in range(50):
        pump.put(made_call(2))

    wait_until(lambda: heard == [made_call(1).id, GAP, made_call(2).id])
    assert len(threads() - before) == 2
    pump.stop()
    may_go_on.set()
    wait_until(lambda: not threads() - before)


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "listener-pump"}
