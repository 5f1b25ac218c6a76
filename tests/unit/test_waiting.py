"""Waiting with a deadline."""

import pytest

from tests.support.waiting import wait_until


def test_waiting_gives_the_first_true_value() -> None:
    values = iter([0, "", None, "there", "later"])

    assert wait_until(lambda: next(values)) == "there"


def test_waiting_in_vain_says_for_what() -> None:
    with pytest.raises(AssertionError, match=r"the moon did not come true within 0\.05 s; last seen: None"):
        wait_until(lambda: None, deadline=0.05, what="the moon")
