"""Check what is promised of security and print one table; the status is 1 if a row fails."""

import sys

from tests.security.promises import promise_rows
from tests.security.rows import table
from tests.security.source import source_rows


def main() -> int:
    """Run every check. Returns the exit status."""
    rows = [*source_rows(), *promise_rows()]
    print(table(rows))
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
