"""The commands with which operators look after jobs."""

import asyncio
import re

import pytest

from db.queue.declared import job
from db.queue.steps import Steps
from tests.app.conftest import Run
from tests.app.test_health import execute

QUEUED = """
    INSERT INTO queue.pgqueuer (id, priority, status, entrypoint, attempts, payload) VALUES
    (1, 0, 'queued', 'clear_queue', 0, '{}'),
    (2, 0, 'failed', 'review', 1, '{"document": "doc_0123456789abcdef0123456789abcdef", "word": "one"}');
    INSERT INTO queue.pgqueuer_log (job_id, status, priority, entrypoint, traceback) VALUES
    (2, 'failed', 0, 'review', '{"exception_message": "TooSlow"}')
"""
ARGUMENTS = "document=doc_0123456789abcdef0123456789abcdef word=one"


@pytest.fixture
def queued(database_url: str) -> None:
    asyncio.run(execute(database_url, QUEUED))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The output, with single blanks, and without the time."""
    return re.sub(r"\d{4}-\S+ \S+", "TIME", re.sub(" {2,}", " ", capsys.readouterr().out))


def test_the_list_has_what_waits_and_what_has_failed_and_why(
    run: Run, queued: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run("jobs", "list")
    printed = said(capsys)
    assert "1 clear_queue queued TIME 0" in printed
    assert f"2 review {ARGUMENTS} failed TIME 1 TooSlow" in printed
    run("jobs", "list", "--status", "failed")
    assert "clear_queue" not in said(capsys)
    run("jobs", "list", "--status", "picked")
    assert said(capsys) == "There are no such jobs.\n"
    with pytest.raises(SystemExit):
        run("jobs", "list", "--status", "lost")


def test_a_job_that_failed_is_started_again_and_one_that_waits_is_taken_out(
    run: Run, queued: None, capsys: pytest.CaptureFixture[str]
) -> None:
    run("jobs", "retry", "2")
    run("jobs", "cancel", "1")
    assert said(capsys) == "Job 2 is queued again.\nJob 1 is cancelled.\n"
    run("jobs", "list")
    printed = said(capsys)
    assert f"2 review {ARGUMENTS} queued" in printed
    assert "clear_queue" not in printed


def test_what_is_not_there_is_said(run: Run, queued: None) -> None:
    with pytest.raises(SystemExit, match=r"^No job with the number 1 or 3 has failed\.$"):
        run("jobs", "retry", "1", "2", "3")


def test_a_job_is_run_by_hand_and_shows_how_far_it_is(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    @job()
    async def count_to_three(steps: Steps, word: str) -> None:
        """Count to three."""
        for number in range(1, 4):
            await steps.progress(number, 3, f"{word} {number}")

    run("jobs", "run", "count_to_three", "word=number")
    assert "number 3" in said(capsys)
    with pytest.raises(SystemExit, match="has the arguments word"):
        run("jobs", "run", "count_to_three")
    with pytest.raises(SystemExit, match="There is no job sing; there are "):
        run("jobs", "run", "sing")
