"""What was read before the upkeep was given to others and taken back is not fresh any more."""

from collections.abc import Callable

from aircall.sync.full_sync import Synchronisation
from aircall.sync.scheduler import Background
from tests.contract.background.watch import Readings, Watching
from tests.support.waiting import wait_until

LONG = 600.0


class Overtaken(Synchronisation):
    """Its first reading is done, and not noted yet, when something else happens."""

    meanwhile: Callable[[], None] | None = None

    def run(self) -> float:
        began = super().run()
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        return began


def test_a_reading_of_before_a_restart_does_not_make_the_list_fresh(
    synchronisation: Synchronisation, watching: Watching, readings: Readings
) -> None:
    synchronisation.__class__ = Overtaken
    background = Background(synchronisation, watching, LONG)

    def restart() -> None:
        background.stop()
        background.start()

    synchronisation.meanwhile = restart  # type: ignore[attr-defined]
    background.start()
    background.request()
    wait_until(lambda: len(readings.ended) == 1)
    asked_count = watching.asked_count
    wait_until(lambda: watching.asked_count > asked_count, what="a look by the thread that goes on")

    assert background.fresh_for == 0

    background.ensure_fresh(wait=5)
    assert len(readings.ended) == 2
    assert background.fresh_for > 0
    background.stop()
