"""Answers of the log, remembered for as long as nothing in it changes.

A question that has to look at every call, a count for instance, is asked once per revision of the log:

    self._remembered = Remembered(engine, select(state.c.revision))
    ...
    return self._remembered.answer(("calls per day", wanted, zone.key), lambda connection: ...)

The revision stands in the database, so this holds whichever thread or process writes.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select

T = TypeVar("T")
SIZE = 256


class Remembered:
    """The last `size` answers; the least recently used one is forgotten first."""

    def __init__(self, engine: Engine, revision: Select[int], size: int = SIZE) -> None:
        self._engine = engine
        self._revision = revision
        self._size = size
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[int, Hashable], Any] = OrderedDict()

    def answer(self, question: Hashable, ask: Callable[[Connection], T]) -> T:
        """The answer to this question, from memory or by asking; it has to be what nobody will change.

        The question names everything that the answer depends on besides the calls. `ask` is given a
        connection, may be called by several threads at once, and reads nothing but the log.
        """
        with self._engine.connect() as connection:
            # Read before the answer: a write in between leaves a newer answer under a revision that is over.
            key = (connection.execute(self._revision).scalar_one(), question)
            with self._lock:
                if key in self._answers:
                    self._answers.move_to_end(key)
                    found: T = self._answers[key]
                    return found
            answer = ask(connection)
        self._keep(key, answer)
        return answer

    def _keep(self, key: tuple[int, Hashable], answer: object) -> None:
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)
