"""What was read before the upkeep was given to others and taken back is not fresh any more."""

from collections.abc import Callable

from aircall.sync.full_sync import FullSync
from aircall.sync.scheduler import SyncScheduler
from tests.integration.sync.scheduler.watch import Readings, Watching
from tests.support.waiting import wait_until

LONG = 600.0


class Overtaken(FullSync):
    """Its first reading is done, and not noted yet, when something else happens."""

    meanwhile: Callable[[], None] | None = None

    def run(self) -> float:
        began = super().run()
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        return began


def test_a_reading_of_before_a_restart_does_not_make_the_list_fresh(
    full_sync: FullSync, watching: Watching, readings: Readings
) -> None:
    full_sync.__class__ = Overtaken
    scheduler = SyncScheduler(full_sync, watching, LONG)

    def restart() -> None:
        scheduler.stop()
        scheduler.start()

    full_sync.meanwhile = restart  # type: ignore[attr-defined]
    scheduler.start()
    scheduler.request_sync()
    wait_until(lambda: len(readings.ended) == 1)
    asked_count = watching.asked_count
    wait_until(lambda: watching.asked_count > asked_count, what="a look by the thread that goes on")

    assert scheduler.fresh_for == 0

    scheduler.ensure_fresh(timeout=5)
    assert len(readings.ended) == 2
    assert scheduler.fresh_for > 0
    scheduler.stop()
