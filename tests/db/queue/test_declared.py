"""What is done later is declared where it belongs."""

import pytest

from db.enums import Words
from db.queue.declared import LONGEST_PAUSE, JobKind, job, jobs_of, kinds
from db.queue.steps import Steps
from db.write import Work

original_pause = JobKind.pause  # before a fixture shortens it


class Happened(Words):
    """Something that happened."""

    EDITED = "EDITED", "It was edited."
    READ = "READ", "It was read."


def test_an_event_makes_the_jobs_that_are_declared_for_it_with_its_ids() -> None:
    @job(on=(Happened.EDITED,))
    async def count(work: Work, document: str) -> None: ...

    @job(on=(Happened.EDITED, Happened.READ))
    async def note(work: Work) -> None: ...

    ids = {"document": "doc_1", "thread": "thr_1"}
    assert list(jobs_of("EDITED", ids)) == [(count, {"document": "doc_1"}), (note, {})]
    assert list(jobs_of("READ", ids)) == [(note, {})]
    assert list(jobs_of("CHANGED", ids)) == []


def test_a_job_is_its_kind_and_its_arguments_and_locks_the_thing_that_they_name() -> None:
    @job(lock=("repository",))
    async def project(work: Work, repository: str, event: str) -> None: ...

    one, same, other = (
        {"repository": "r", "event": "1"},
        {"event": "1", "repository": "r"},
        {"repository": "r", "event": "2"},
    )
    assert project.key(one) == project.key(same) != project.key(other)
    assert project.thing(one) == project.thing(other)


def test_the_first_parameter_says_whether_a_job_is_one_transaction() -> None:
    @job()
    async def short(work: Work) -> None: ...

    @job()
    async def long(steps: Steps) -> None: ...

    assert (short.is_long, long.is_long) == (False, True)


def test_pauses_between_tries_grow_up_to_an_hour_and_differ() -> None:
    @job()
    async def anything(work: Work) -> None: ...

    pause = original_pause
    for tries, longest in ((1, 1), (2, 2), (5, 16), (100, LONGEST_PAUSE)):
        pauses = [pause(anything, tries).total_seconds() for _ in range(20)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest


def test_two_kinds_have_two_names() -> None:
    @job()
    async def anything(work: Work) -> None: ...

    with pytest.raises(TypeError, match="two kinds of job with the name anything"):
        job()(anything.function)


def test_every_kind_says_what_it_does() -> None:
    assert {"clear_sessions", "clear_idempotency_keys", "clear_jobs", "clear_queue"} <= kinds().keys()
    assert [kind.name for kind in kinds().values() if not kind.description] == []
