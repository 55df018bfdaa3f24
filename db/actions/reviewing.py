"""Reviews by programs: somebody asks for one, and a job makes it, once for each thing, version and reviewer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import select

from db.enums import Words
from db.ids import key_of
from db.queue.steps import Steps
from db.tables.reviews import ReviewStatus
from db.transitions import transition
from db.write import Work

LEFT_FOR = timedelta(hours=1)
"""A review on which nothing has happened for as long is asked for again: its workers may all have been killed."""

Row = TypeVar("Row")
Subject = TypeVar("Subject")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Reviews(Generic[Row, Subject, Result]):
    """The reviews in a table: `read` what is to be reviewed, have it `reviewed` by the reviewer of a name, `keep` what
    that has found. The two kinds tell of their ends; `failure` says that one came to none, for people.
    """

    table: Any
    completed: Words
    failed: Words
    failure: str
    read: Callable[[Work, Row], Awaitable[Subject]]
    reviewed: Callable[[str, Subject], Awaitable[Result]]
    keep: Callable[[Work, Row, Result], Awaitable[None]]

    async def asked(self, work: Work, named: Mapping[str, Any]) -> tuple[Row, bool]:
        """The review that these columns name, and whether it has to be made. What it is of must be locked.

        One that has failed or was left is made again.
        """
        review: Any = await work.scalar(select(self.table).filter_by(**named))
        if review is None:
            return await work.add(self.table(requested_by_id=work.viewer_id, **named)), True
        if review.status is ReviewStatus.FAILED:
            transition(review, ReviewStatus.PENDING)
            review.error = None
            return review, True
        is_left = review.updated_at <= datetime.now(UTC) - LEFT_FOR
        return review, is_left and review.status is not ReviewStatus.COMPLETED

    async def make(self, steps: Steps, public_id: str) -> None:
        """Make a review, and keep what the reviewer finds. What is done already is not done again."""
        begun = await self._begin(steps, public_id)
        if begun is None:
            return
        reviewer, subject = begun
        try:
            result = await self.reviewed(reviewer, subject)
        except Exception:
            async with steps.work() as work:
                if row := await self._running(work, public_id):
                    transition(row, ReviewStatus.FAILED)
                    row.error = self.failure
                    await work.happened(self.failed, row)
            raise
        async with steps.work() as work:
            if row := await self._running(work, public_id):
                transition(row, ReviewStatus.COMPLETED)
                row.completed_at = datetime.now(UTC)
                await self.keep(work, row, result)
                await work.happened(self.completed, row)

    async def _begin(self, steps: Steps, public_id: str) -> tuple[str, Subject] | None:
        """Say that a review is being done; its reviewer, and what it is of. None where there is nothing to do."""
        async with steps.work() as work:
            row = await self._locked(work, public_id)
            if row is None or row.status is ReviewStatus.COMPLETED:
                return None
            if row.status is ReviewStatus.FAILED:  # this is another try
                transition(row, ReviewStatus.PENDING)
                row.error = None
            transition(row, ReviewStatus.RUNNING)
            await work.changed(row)
            return row.reviewer, await self.read(work, row)

    async def _running(self, work: Work, public_id: str) -> Any:
        """The review if it is still there to be ended, locked; None where somebody else ended it, or deleted it."""
        row = await self._locked(work, public_id)
        return row if row and row.status is ReviewStatus.RUNNING else None

    async def _locked(self, work: Work, public_id: str) -> Any:
        return await work.scalar(
            select(self.table).where(self.table.id == key_of(self.table, public_id)).with_for_update()
        )
