"""Rooms of thousands of open pages: an event for a room is encoded and framed once.

Overrides parts of python-socketio 5.18, and works with the Engine.IO server of engine.py alone.
"""

import os
import time
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

import gevent
import socketio
from gevent import monkey
from socketio import packet as socketio_packet

from aircall.server.websocket import TEXT, PageSocket, frame

# Threads of the system, not gevent's.
allocate_lock = monkey.get_original("_thread", "allocate_lock")
start_new_thread = monkey.get_original("_thread", "start_new_thread")

# Pages with the keys of the rooms that all of them are in.
Groups = Iterable[tuple[tuple[Hashable, ...], list[PageSocket]]]

# Pages from which on a second thread helps to send.
CROWD = 500


class RoomManager(socketio.Manager):  # type: ignore[misc]  # as imported, without types
    """Rooms whose events are encoded and framed once for all their pages.

    The first event of a turn of the event loop is sent at once. Others leave at the turn's end, to each page
    by one system call, and in their order, also with what is sent to single pages. If the turn takes long,
    none waits longer than sending took the last time.
    """

    def __init__(self) -> None:
        super().__init__()
        # What was emitted in this turn after its first event: the key of the room, and the frame.
        self._emitted: list[tuple[Hashable, bytes]] = []
        self._is_holding = False
        # When something was sent the last time, and for how many seconds.
        self._sent_at = self._sending_time = 0.0
        self._crowd = CrowdSender()
        # Rooms that were entered by name; each socket is also alone in a room of its own.
        self._names: set[Any] = set()

    def enter_room(self, sid: str, namespace: str, room: Any, eio_sid: str | None = None) -> None:
        """Add a socket to a room. It gets no event from before."""
        self.send_emitted()
        super().enter_room(sid, namespace, room, eio_sid)
        self._names.add(room)

    def leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """Remove a socket from a room. It gets every event from before."""
        self.send_emitted()
        super().leave_room(sid, namespace, room)

    def basic_disconnect(self, sid: str, namespace: str, **_: object) -> None:
        """Forget a socket. python-socketio's would look through the rooms of all sockets."""
        connection = self.eio_sid_from_sid(sid, namespace)
        for room in (sid, None, *self._names):
            self.basic_leave_room(sid, namespace, room)
        self._names.intersection_update(self.rooms.get(namespace, ()))
        self.callbacks.pop(sid, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
        if connection is not None:
            # What is left is a connection that nothing is sent to.
            self.server.eio.expect_entry(connection)

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **more: Any,
    ) -> None:
        """Send an event to a room, or to several. It may not contain bytes."""
        if callback or skip_sid:
            super().emit(event, data, namespace, room, skip_sid, callback, to, **more)
            return
        arguments = list(data) if isinstance(data, tuple) else [] if data is None else [data]
        packet = self.server.packet_class(socketio_packet.EVENT, [event, *arguments], namespace, binary=False)
        target = to or room
        key = (namespace, tuple(target) if isinstance(target, list) else target)
        data = frame(TEXT, b"4" + packet.encode().encode())
        if self.is_sid_room(*key):
            self.send_emitted()
            for page in self._pages(key):
                page.write(data)
        else:
            self._send_or_hold(key, data)

    def send_emitted(self) -> None:
        """Send what has been emitted in this turn of the event loop."""
        emitted, self._emitted = self._emitted, []
        if emitted:
            self._send(self._groups(list(dict.fromkeys(key for key, _ in emitted))), emitted)

    def _send_or_hold(self, key: Hashable, data: bytes) -> None:
        if self._is_holding:
            self._emitted.append((key, data))
            if time.monotonic() - self._sent_at > self._sending_time:
                self.send_emitted()
        elif pages := self._pages(key):
            self._is_holding = True
            gevent.get_hub().loop.run_callback(self._end_turn)
            self._send([((key,), pages)], [(key, data)])

    def _end_turn(self) -> None:
        self._is_holding = False
        self.send_emitted()

    def _send(self, groups: Groups, emitted: list[tuple[Hashable, bytes]]) -> None:
        began = time.monotonic()
        for keys, pages in groups:
            self._crowd.send(pages, b"".join(data for key, data in emitted if key in keys))
        self._sent_at = time.monotonic()
        self._sending_time = self._sent_at - began

    def _groups(self, keys: list[Hashable]) -> Groups:
        """Return the pages of these rooms, together those that are in the same ones."""
        if len(keys) == 1:
            return [(tuple(keys), self._pages(keys[0]))]
        keys_of: dict[PageSocket, tuple[Hashable, ...]] = {}
        for key in keys:
            for page in self._pages(key):
                keys_of[page] = (*keys_of.get(page, ()), key)
        groups = defaultdict(list)
        for page, its_keys in keys_of.items():
            groups[its_keys].append(page)
        return groups.items()

    def _pages(self, key: Any) -> list[PageSocket]:
        sockets = self.server.eio.sockets
        return [sockets[sid] for _, sid in self.get_participants(*key) if sid in sockets]


class CrowdSender:
    """Sends the same data to many pages, by two threads if there is a processor for each."""

    def __init__(self) -> None:
        self._begin, self._done = allocate_lock(), allocate_lock()
        self._begin.acquire()
        self._done.acquire()
        self._has_thread = False
        self._pages: Iterator[PageSocket] = iter(())
        self._data = b""
        # Pages whose sockets did not take all, and how many bytes they took.
        self._unsent: list[tuple[PageSocket, int]] = []

    def send(self, pages: Sequence[PageSocket], data: bytes) -> None:
        """Send this data to these pages."""
        ready = [page for page in pages if page.is_ready]
        if len(ready) < len(pages):
            for page in pages:
                if not page.is_ready:
                    page.write(data)
        self._pages, self._data, self._unsent = iter(ready), data, []
        has_help = len(ready) >= CROWD and len(os.sched_getaffinity(0)) > 1
        if has_help and not self._has_thread:
            self._has_thread = True
            start_new_thread(self._help, ())
        if has_help:
            self._begin.release()
        self._send_each()
        if has_help:
            self._done.acquire()
        for page, sent in self._unsent:
            page.keep_unsent(data, sent)

    def _help(self) -> None:
        while True:
            self._begin.acquire()
            try:
                self._send_each()
            finally:
                self._done.release()

    def _send_each(self) -> None:
        # Both threads take pages from one iterator.
        data, size = self._data, len(self._data)
        for page in self._pages:
            sent = page.try_to_send(data)
            if sent != size:
                self._unsent.append((page, sent))
