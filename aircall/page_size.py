"""How many rows to ask the API for at a time, learnt from how it answers. Knows no calls and no I/O."""

# The first rows ought to show quickly; from there on, fewer and larger answers cost both sides less.
FIRST = 500
LARGEST = 2000
SMALLEST = 50
# An answer that takes longer than this was too large, in seconds.
SLOW = 2.0
# Twice as many rows take about twice as long, so that only an answer far from slow allows more.
QUICK = SLOW / 4


class PageSize:
    """The size in `rows`: doubled while answers are quick and whole, halved when one is slow or fails.

    Once halved, or cut down to the API's own limit, it grows no more until the next reading begins.
    """

    def __init__(self, first: int = FIRST, *, largest: int = LARGEST, smallest: int = SMALLEST) -> None:
        self.rows = first
        self._largest = self._ceiling = max(first, largest)
        self._smallest = min(first, smallest)

    def begin_reading(self) -> None:
        """The whole list is going to be read: an API that was slow, or sent little, may do better now."""
        self._ceiling = self._largest

    def answered(self, asked: int, row_count: int, seconds: float) -> None:
        """An answer of `row_count` rows, of `asked`, came after so many seconds."""
        if seconds > SLOW:
            self._shrink(asked)
        # Answers to what was asked at an earlier size say nothing about this one.
        elif seconds < QUICK and row_count >= asked >= self.rows:
            self.rows = min(self.rows * 2, self._ceiling)

    def failed(self, asked: int) -> bool:
        """No answer of `asked` rows came. Returns whether it is worth another try, with fewer."""
        self._shrink(asked)
        return self.rows < asked

    def obey(self, limit: int) -> None:
        """The API sends no more rows than this at a time: ask for no more, until the next reading."""
        self.rows = self._ceiling = min(self.rows, limit)

    def _shrink(self, asked: int) -> None:
        self.rows = self._ceiling = max(min(self.rows, asked // 2), min(self.rows, self._smallest))
