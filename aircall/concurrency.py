"""Background threads, callbacks that fail safely, and an in-process message bus."""

import logging
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)

# Seconds. gevent only polls sockets when a sleep is longer than 0.
YIELD_TIME = 0.001
_steps = threading.Lock()


class BackgroundThread:
    """A daemon thread that can be started and stopped repeatedly.

    `run` is called with a new stop event at each start, and has to return soon after that event is set. A
    thread that outlives its stop keeps its own event, so it never takes the next start for its own.
    """

    def __init__(self, name: str, run: Callable[[threading.Event], None]) -> None:
        self._name = name
        self._run = run
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopped: threading.Thread | None = None

    @property
    def is_started(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._thread is not None

    def start(self) -> None:
        """Start the thread. Does nothing if it is started."""
        with self._lock:
            if self._thread is None:
                self._stopping = threading.Event()
                self._thread = run_in_background(self._name, self._run, self._stopping)

    def stop(self) -> None:
        """Set the stop event. Does not block."""
        with self._lock:
            self._stopped, self._thread = self._thread or self._stopped, None
            self._stopping.set()

    def join(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for the thread that was stopped last. Does nothing in that thread."""
        thread = self._stopped
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)


def run_in_background(name: str, task: Callable[..., None], *args: object) -> threading.Thread:
    """Start a daemon thread for a single task. Process exit does not wait for it."""
    thread = threading.Thread(target=task, args=args, name=name, daemon=True)
    thread.start()
    return thread


class MessageBus:
    """Messages to every process of the dashboard; without Redis, to this process alone.

    A message has a name and a text. Messages are hints: a lost one delays something, and breaks nothing.
    """

    def __init__(self) -> None:
        self._handlers: defaultdict[str, list[Callable[[str], None]]] = defaultdict(list)

    def on(self, name: str, handler: Callable[[str], None]) -> None:
        """Call `handler` with the text of each message of this name. It must return at once."""
        self._handlers[name].append(handler)

    def send(self, name: str, text: str = "") -> None:
        """Send a message to every process, this one first. Raises nothing."""
        self.deliver(name, text)

    def deliver(self, name: str, text: str) -> None:
        """Call the handlers of this process."""
        call_all(self._handlers[name], text)


def call_safely(callback: Callable[..., object], *args: object) -> bool:
    """Call a subscriber's function; return whether it succeeded. An error is logged by type and place."""
    try:
        callback(*args)
    except Exception as error:
        # The error's text might quote a note.
        place = traceback.extract_tb(error.__traceback__)[-1]
        log.error("A callback failed: %s in %s:%s", type(error).__name__, place.filename, place.lineno)
        return False
    return True


def call_all(callbacks: Iterable[Callable[..., object]], *args: object) -> None:
    """Call every subscriber's function, each safely: see `call_safely`."""
    for callback in callbacks:
        call_safely(callback, *args)


def yield_control() -> None:
    """Let others run between two steps of long work.

    Loops that call this take their steps one after another: a request waits for a step of one of them.
    """
    with _steps:
        time.sleep(YIELD_TIME)
