"""`python -m sandbox`: serves until it is told to end."""

import signal
import sys

from sandbox.options import parsed
from sandbox.server import make_sandbox


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    server = make_sandbox(parsed(sys.argv[1:]))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    print(f"Sandbox API on http://{server.host}:{server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
