"""Calls of what counts days of repositories, and of who has pull requests reviewed."""

from sqlalchemy import update

from db import tables
from db.actions import code_reviews, metrics
from db.write import Work
from tests.db.calls import Call


async def counted(work: Work, shore: tables.Repository) -> None:
    await work.execute(update(tables.Issue).where(tables.Issue.repository_id == shore.id).values(number=77))
    await metrics.count_days(work, shore.id)


async def reviewed_anew(work: Work, pull: tables.PullRequest) -> None:
    pull.head_sha = f"{7:040x}"
    await code_reviews.request(work, pull)


CALLS = (
    Call(
        metrics.count_days,
        "olga",
        ("shore",),
        counted,
        "SELECT count(*) = 0 FROM touched_days JOIN repositories ON repositories.id = repository_id "
        "WHERE repositories.name = 'shore'",
    ),
    Call(
        code_reviews.request,
        "ada",
        ("engine_pull",),
        reviewed_anew,
        f"SELECT count(*) = 1 FROM code_reviews WHERE head_sha = '{7:040x}'",  # noqa: S608  (a number)
    ),
)
