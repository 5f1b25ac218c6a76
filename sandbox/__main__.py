"""`python -m sandbox`: serve until SIGTERM or SIGINT."""

import signal
import sys

from sandbox.options import parse_arguments
from sandbox.server import make_sandbox


def main() -> None:
    server = make_sandbox(parse_arguments(sys.argv[1:]))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    print(f"Sandbox API on http://{server.host}:{server.port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
