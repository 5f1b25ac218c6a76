"""Jobs of any size are kept in small records, written once each, and come back as they were."""

from msgspec.structs import replace

from aircall.changes.job_runner import Job, JobState, Outcome, Result
from aircall.changes.job_store import MOST_PLANS, PLANS_PREFIX, STEP, JobStore
from aircall.storage.records import RecordStore
from tests.support.made_calls import call_id

NUMBER = 11_884
IDS = [call_id(number) for number in range(NUMBER)]
# A record of a thousand results, each with its longest reason.
MOST_BYTES = 250_000


def results(*numbers: int) -> list[Result]:
    return [Result(IDS[number], Outcome.DONE, "an error's name " * 5, number) for number in numbers]


def generations(store: RecordStore) -> dict[str, int]:
    found = {key: store.load(key) for key in store.keys("job")}
    return {key: record.generation for key, record in found.items() if record}


def sizes(store: RecordStore) -> list[int]:
    return [len(record.value) for key in store.keys("job") if (record := store.load(key))]


def test_a_large_job_comes_back_whole_from_small_records(store: RecordStore) -> None:
    jobs = JobStore(store)
    job = Job.new("alice", IDS, True, "/calls").as_undo_of("before", dict.fromkeys(IDS[::2], 7))

    for count in (0, 1, STEP, STEP + 1, NUMBER):
        job = replace(job, results=results(*range(count)))
        jobs.save(job)
        assert JobStore(store).load(job.id) == job
    jobs.save(job.finished())

    assert JobStore(store).load(job.id) == job.finished()
    assert max(sizes(store)) < MOST_BYTES


def test_progress_writes_its_own_steps_alone(store: RecordStore) -> None:
    jobs = JobStore(store)
    job = replace(Job.new("alice", IDS, True, "/calls"), results=results(*range(2 * STEP)))
    jobs.save(job)
    before = generations(store)

    jobs.save(job.with_results(results(2 * STEP)))

    changed = {key for key, generation in generations(store).items() if generation != before.get(key)}
    assert changed == {f"job:{job.id}", f"job-results:{job.id}:2"}


def test_a_job_of_which_a_step_is_gone_is_gone(store: RecordStore) -> None:
    job = Job.new("alice", IDS, True, "/calls")
    JobStore(store).save(job)

    store.delete(f"job-calls:{job.id}:3")

    assert JobStore(store).load(job.id) is None


def test_a_person_keeps_a_few_plans_and_a_started_one_is_none_of_them(store: RecordStore) -> None:
    jobs = JobStore(store)
    started, *plans = (Job.new("alice smith", IDS, True, f"/{number}") for number in range(MOST_PLANS + 2))
    jobs.plan(started)
    jobs.save(started)
    for plan in plans:
        jobs.plan(plan)
    jobs.plan(other := Job.new("alice", IDS, True, "/"))

    kept = [plan for plan in (*plans, other) if jobs.load(plan.id)]

    assert [plan.id for plan in kept] == [plan.id for plan in (*plans[1:], other)]
    assert jobs.load(started.id) == started
    assert all(found.state is JobState.PLANNED for plan in kept if (found := jobs.load(plan.id)))
    # Nothing is left of the one that was dropped but the others' names.
    assert not [key for key in store.keys("job") if plans[0].id in key]
    assert len(store.keys(PLANS_PREFIX)) == 2
