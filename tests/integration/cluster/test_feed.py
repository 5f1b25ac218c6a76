"""The feed of several processes on a real Redis: one order for all, and honesty after every outage."""

from functools import partial
from threading import Event, Thread

from aircall.calls.feed import Change, ChangeKind
from tests.integration.cluster.peer import PREFIX, Peer, updated
from tests.support.made_calls import call_id, made_call
from tests.support.redis_server import RedisServer, running_redis
from tests.support.waiting import wait_until

# A row that no version of ours can read.
ADD_STRANGE = """
local sequence = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
return redis.call('XADD', KEYS[2], sequence .. '-0', 'change', '{"kind": "merge"}')
"""


def test_what_one_process_adds_every_process_tells_as_it_was_at_the_same_position(peers: list[Peer]) -> None:
    call = made_call(1, is_archived=True)
    changes = [updated(call, 1), Change(ChangeKind.ADD, call_id(2), made_call(2), 2)]
    changes.append(Change(ChangeKind.REMOVE, call_id(3), None, 3))

    given = [peers[0].feed.append(change) for change in changes]

    for peer in peers:
        peer.wait_for(1, 2, 3)
        assert peer.told[-3:] == given


def test_changes_of_several_processes_have_one_order_for_all(peers: list[Peer]) -> None:
    for version in range(1, 31):
        peers[version % 3].feed.append(updated(made_call(version), version))

    for peer in peers:
        wait_until(partial(peer.has_told, 30), what="all changes")
    assert peers[0].told[-30:] == peers[1].told[-30:] == peers[2].told[-30:]


def test_a_change_older_than_what_was_told_of_its_call_is_not_told_any_more(peers: list[Peer]) -> None:
    peers[0].feed.append(updated(made_call(1), 8))
    peers[1].feed.append(updated(made_call(1, is_archived=True), 7))
    peers[1].feed.append(updated(made_call(2), 7))

    for peer in peers:
        peer.wait_for(8, 7)
        assert [entry.change.call_id for entry in peer.told[-2:] if entry] == [call_id(1), call_id(2)]


def test_a_position_of_one_process_is_good_at_every_other(peers: list[Peer]) -> None:
    position = peers[0].feed.append(updated(made_call(1), 1)).position
    peers[0].feed.append(updated(made_call(2), 2))
    peers[2].wait_for(1, 2)

    entries = peers[2].feed.changes_after(position)

    assert entries is not None
    assert [entry.change.version for entry in entries] == [2]


def test_a_position_that_has_not_come_here_yet_has_nothing_after_it(redis: RedisServer) -> None:
    ahead, behind = Peer(redis.url), Peer(redis.url)
    behind.feed.resync()

    position = ahead.feed.append(updated(made_call(1), 1)).position

    assert behind.feed.changes_after(position) == []


def test_a_process_that_starts_later_knows_what_came_before_it(peers: list[Peer], redis: RedisServer) -> None:
    start = peers[0].feed.position
    peers[0].feed.append(updated(made_call(1), 1))
    late = Peer(redis.url)
    late.feed.resync()

    entries = late.feed.changes_after(start)

    assert entries is not None
    assert [entry.change.version for entry in entries] == [1]


def test_a_new_epoch_is_one_for_every_process(peers: list[Peer]) -> None:
    position = peers[1].feed.position

    peers[0].feed.begin_epoch()
    peers[0].feed.append(updated(made_call(1), 1))

    for peer in peers:
        peer.wait_for(None, 1)
        assert peer.feed.changes_after(position) is None
    assert len({peer.feed.position for peer in peers}) == 1


def test_who_was_away_for_longer_than_the_stream_keeps_has_its_pages_read_again(redis: RedisServer) -> None:
    slow, quick = Peer(redis.url, length=5), Peer(redis.url, length=5)
    slow.feed.resync()
    told_before = len(slow.told)
    for version in range(1, 20):
        quick.feed.append(updated(made_call(version), version))

    slow.start()
    slow.wait_for(15, 16, 17, 18, 19)
    slow.stop()

    assert slow.versions[told_before:] == [None, 15, 16, 17, 18, 19]


def test_after_redis_lost_everything_all_pages_read_again_and_hear_what_comes_then() -> None:
    with running_redis() as server:
        peers = [Peer(server.url), Peer(server.url)]
        for peer in peers:
            peer.start()
            peer.wait_for_contact()
        position = peers[0].feed.append(updated(made_call(1), 1)).position
        for peer in peers:
            peer.wait_for(1)

        server.kill()
        for peer in peers:
            wait_until(peer.has_lost_contact, 10, "the loss of contact")
        server.start()

        for peer in peers:
            peer.wait_for(None)
            assert peer.feed.changes_after(position) is None
        peers[1].feed.append(updated(made_call(1), 2))
        for peer in peers:
            peer.wait_for(None, 2)
            peer.stop()


def test_a_change_that_could_not_be_told_makes_all_pages_read_again_once_redis_is_back() -> None:
    with running_redis() as server:
        peer = Peer(server.url)
        peer.start()
        peer.wait_for_contact()
        server.kill()

        peer.feed.append(updated(made_call(1), 1))
        told_before = peer.versions
        server.start()

        peer.wait_for_contact()
        wait_until(lambda: len(peer.told) > len(told_before), 5, "the new epoch")
        peer.stop()
        assert peer.versions[len(told_before) :][0] is None


def test_a_redis_that_came_back_with_an_older_state_makes_all_pages_read_again(redis: RedisServer) -> None:
    peer = Peer(redis.url)
    peer.start()
    peer.wait_for_contact()
    peer.feed.append(updated(made_call(1), 1))
    kept = redis.execute("DUMP", f"{PREFIX}feed"), redis.execute("DUMP", f"{PREFIX}feed-changes")
    peer.feed.append(updated(made_call(2), 2))
    peer.wait_for(1, 2)

    for key, body in zip(("feed", "feed-changes"), kept, strict=True):
        redis.execute("RESTORE", f"{PREFIX}{key}", 0, body, "REPLACE")
    peer.wait_for(None)
    peer.feed.append(updated(made_call(3), 3))

    peer.wait_for(None, 3)
    peer.stop()


def test_what_another_version_added_makes_pages_read_again_and_stops_nothing(peers: list[Peer]) -> None:
    strange = updated(made_call(1), 1)
    peers[0].feed.append(strange)
    for peer in peers:
        peer.wait_for(1)
    before = [len(peer.told) for peer in peers]

    peers[0].redis.eval(ADD_STRANGE, 2, f"{PREFIX}feed", f"{PREFIX}feed-changes")
    peers[0].feed.append(updated(made_call(2), 2))

    for peer, count in zip(peers, before, strict=True):
        peer.wait_for(None, 2)
        assert len(peer.told) == count + 2


def test_a_change_that_could_not_be_told_is_made_up_for_though_signals_never_rest(
    peers: list[Peer], redis: RedisServer
) -> None:
    redis.execute("ACL", "SETUSER", "torn", "on", "nopass", "~*", "&*", "+@all")
    torn = Peer(redis.url.replace("//", "//torn:any@"))
    torn.start()
    torn.wait_for_contact()
    told_before = len(peers[0].told)
    is_enough = Event()

    def chat() -> None:
        while not is_enough.wait(0.1):
            peers[1].bus.send("looked")

    chatting = Thread(target=chat)
    chatting.start()
    redis.execute("ACL", "SETUSER", "torn", "-evalsha", "-eval")
    torn.feed.append(updated(made_call(1), 1))
    redis.execute("ACL", "SETUSER", "torn", "+evalsha", "+eval")
    try:
        wait_until(lambda: peers[0].versions[told_before:] == [None], 4, "the new epoch")
    finally:
        is_enough.set()
        chatting.join()
        torn.stop()
        redis.execute("ACL", "DELUSER", "torn")
