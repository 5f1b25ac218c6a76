"""The change feed of several processes: one order for all, and no change lost in an outage of Redis."""

from threading import Event, Thread

from aircall.calls.feed import Change, ChangeKind
from tests.integration.cluster.conftest import connected_peers
from tests.integration.cluster.peer import PREFIX, Peer, updated
from tests.support.made_calls import call_id, made_call
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

# Appends a row that this version cannot read.
APPEND_UNREADABLE = """
local sequence = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
return redis.call('XADD', KEYS[2], sequence .. '-0', 'change', '{"kind": "merge"}')
"""


def versions_after(peer: Peer, position: str) -> list[int | None] | None:
    entries = peer.feed.changes_after(position)
    return None if entries is None else [entry.change.version for entry in entries]


def test_every_process_publishes_all_changes_in_one_order_at_the_same_positions(peers: list[Peer]) -> None:
    changes = [
        updated(made_call(1, is_archived=True), 1),
        Change(ChangeKind.ADD, call_id(2), made_call(2), 2),
        Change(ChangeKind.REMOVE, call_id(3), None, 3),
        *(updated(made_call(version), version) for version in range(4, 31)),
    ]

    entries = [peers[number % 3].feed.append(change) for number, change in enumerate(changes)]

    for peer in peers:
        wait_until(lambda peer=peer: peer.published[-30:] == entries, what="all changes")  # type: ignore[misc]


def test_a_change_older_than_the_last_one_of_its_call_is_not_published(peers: list[Peer]) -> None:
    peers[0].feed.append(updated(made_call(1), 8))
    peers[1].feed.append(updated(made_call(1, is_archived=True), 7))
    peers[1].feed.append(updated(made_call(2), 7))

    for peer in peers:
        peer.wait_for(8, 7)
        assert [entry.change.call_id for entry in peer.published[-2:] if entry] == [call_id(1), call_id(2)]


def test_a_position_of_one_process_is_valid_at_all_others(peers: list[Peer], redis: RedisServer) -> None:
    started_later = Peer(redis.url)
    started_later.feed.resync()
    start = peers[0].feed.position
    position = peers[0].feed.append(updated(made_call(1), 1)).position
    # It has not arrived there yet.
    assert versions_after(started_later, position) == []
    peers[0].feed.append(updated(made_call(2), 2))
    peers[2].wait_for(1, 2)
    started_later.feed.resync()

    for peer in (peers[2], started_later):
        assert versions_after(peer, start) == [1, 2]
        assert versions_after(peer, position) == [2]


def test_a_new_epoch_starts_in_every_process(peers: list[Peer]) -> None:
    position = peers[1].feed.position

    peers[0].feed.begin_epoch()
    peers[0].feed.append(updated(made_call(1), 1))

    for peer in peers:
        peer.wait_for(None, 1)
        assert versions_after(peer, position) is None
    assert len({peer.feed.position for peer in peers}) == 1


def test_a_process_that_missed_more_than_the_stream_keeps_starts_a_new_epoch(redis: RedisServer) -> None:
    slow, quick = Peer(redis.url, length=5), Peer(redis.url, length=5)
    slow.feed.resync()
    count = len(slow.published)
    for version in range(1, 20):
        quick.feed.append(updated(made_call(version), version))

    slow.start()
    slow.wait_for(15, 16, 17, 18, 19)
    slow.stop()

    assert slow.versions[count:] == [None, 15, 16, 17, 18, 19]


def test_after_redis_lost_its_data_pages_reload_and_receive_later_changes(own_redis: RedisServer) -> None:
    with connected_peers(own_redis.url, 2) as peers:
        position = peers[0].feed.append(updated(made_call(1), 1)).position
        for peer in peers:
            peer.wait_for(1)

        own_redis.kill()
        for peer in peers:
            wait_until(peer.has_lost_contact, what="the loss of contact")
        own_redis.start()

        for peer in peers:
            peer.wait_for(None)
            assert versions_after(peer, position) is None
        peers[1].feed.append(updated(made_call(1), 2))
        for peer in peers:
            peer.wait_for(None, 2)


def test_an_unpublished_change_makes_pages_reload_once_redis_is_back(own_redis: RedisServer) -> None:
    with connected_peers(own_redis.url, 1) as (peer,):
        own_redis.kill()
        peer.feed.append(updated(made_call(1), 1))
        count = len(peer.versions)
        own_redis.start()

        peer.wait_for_contact()
        wait_until(lambda: peer.versions[count:], what="the new epoch")

        assert peer.versions[count] is None


def test_a_redis_that_was_restored_from_a_backup_makes_pages_reload(redis: RedisServer) -> None:
    with connected_peers(redis.url, 1) as (peer,):
        peer.feed.append(updated(made_call(1), 1))
        keys = [f"{PREFIX}feed", f"{PREFIX}feed-changes"]
        backup = {key: redis.execute("DUMP", key) for key in keys}
        peer.feed.append(updated(made_call(2), 2))
        peer.wait_for(1, 2)

        for key, body in backup.items():
            redis.execute("RESTORE", key, 0, body, "REPLACE")
        peer.wait_for(None)
        peer.feed.append(updated(made_call(3), 3))

        peer.wait_for(None, 3)


def test_a_row_of_another_version_makes_pages_reload(peers: list[Peer]) -> None:
    peers[0].feed.append(updated(made_call(1), 1))
    for peer in peers:
        peer.wait_for(1)
    before = [len(peer.published) for peer in peers]

    peers[0].redis.eval(APPEND_UNREADABLE, 2, f"{PREFIX}feed", f"{PREFIX}feed-changes")
    peers[0].feed.append(updated(made_call(2), 2))

    for peer, count in zip(peers, before, strict=True):
        peer.wait_for(None, 2)
        assert len(peer.published) == count + 2


def test_a_desynced_feed_is_repaired_among_constant_messages(peers: list[Peer], redis: RedisServer) -> None:
    redis.execute("ACL", "SETUSER", "limited", "on", "nopass", "~*", "&*", "+@all")
    count, stopping = len(peers[0].published), Event()

    def send_messages() -> None:
        while not stopping.wait(0.1):
            peers[1].bus.send("viewed")

    sender = Thread(target=send_messages)
    with connected_peers(redis.url.replace("//", "//limited:any@"), 1) as (limited,):
        sender.start()
        redis.execute("ACL", "SETUSER", "limited", "-evalsha", "-eval")
        limited.feed.append(updated(made_call(1), 1))
        redis.execute("ACL", "SETUSER", "limited", "+evalsha", "+eval")
        try:
            wait_until(lambda: peers[0].versions[count:] == [None], what="the new epoch")
        finally:
            stopping.set()
            sender.join()
    redis.execute("ACL", "DELUSER", "limited")
