"""What measures how long something took: `with took("shown on 8 pages"): …`."""

from collections.abc import Callable
from contextlib import AbstractContextManager

Stopwatch = Callable[[str], AbstractContextManager[None]]
