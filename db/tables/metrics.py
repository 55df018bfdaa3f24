"""Repositories and the people who work in them in numbers, day by day, as a job counts them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, count, refers
from db.constraints import unique
from db.guards import trigger
from db.permissions import MANAGE
from db.rules import nobody, through


def _list_of(type_: Any) -> Mapped[Any]:
    """A list that is empty at first."""
    return mapped_column(ARRAY(type_), default=list, server_default="{}")


class TeamMetric(Updated, Base, access=through("repository_id"), prefix="tmm"):
    """The work of a team in a repository on one day (UTC).

    Times are those of each pull request, in seconds: the median of a month is that of all its pull requests, and
    no mean of the medians of its days.
    """

    __tablename__ = "team_metrics"

    repository_id: Mapped[UUID] = refers("repositories")
    date: Mapped[date]
    developers: Mapped[list[UUID]] = _list_of(Uuid)
    """Those of the people who committed, opened a pull request or reviewed one whom somebody knows."""
    commits: Mapped[int] = count()
    additions: Mapped[int] = count()
    deletions: Mapped[int] = count()
    pull_requests_opened: Mapped[int] = count()
    pull_requests_merged: Mapped[int] = count()
    reviews: Mapped[int] = count()
    issues_opened: Mapped[int] = count()
    issues_closed: Mapped[int] = count()
    cycle_times: Mapped[list[int]] = _list_of(BigInteger)
    """Of each pull request that was merged: from its first commit on, where that is known."""
    review_times: Mapped[list[int]] = _list_of(BigInteger)
    """Of each pull request that was first reviewed: from its opening on."""
    gaps: Mapped[int] = count()
    """How much of this day is missing."""

    __table_args__ = (unique("repository_id", "date", says="The repository has metrics of this day."),)


class DeveloperMetric(
    Updated,
    Base,
    access=through("repository_id", see=MANAGE) | through("repository_id", of="user_id"),
    prefix="dvm",
):
    """The work of a person in a repository on one day (UTC): theirs while they see it, and for those who manage it."""

    __tablename__ = "developer_metrics"

    repository_id: Mapped[UUID] = refers("repositories")
    user_id: Mapped[UUID] = refers("users", reveals=True)
    date: Mapped[date]
    commits: Mapped[int] = count()
    additions: Mapped[int] = count()
    deletions: Mapped[int] = count()
    pull_requests_opened: Mapped[int] = count()
    pull_requests_merged: Mapped[int] = count()
    reviews_given: Mapped[int] = count()
    issues_closed: Mapped[int] = count()
    cycle_times: Mapped[list[int]] = _list_of(BigInteger)
    """Of each of their pull requests that was merged: from its first commit on, where that is known."""
    review_times: Mapped[list[int]] = _list_of(BigInteger)
    """Of each of their pull requests that was first reviewed: from its opening on."""

    __table_args__ = (
        unique("repository_id", "user_id", "date", says="The person has metrics of this day."),
        Index(None, "repository_id", "date", "id"),
        Index(None, "user_id", "date", "id"),
    )


class TouchedDay(Base, access=nobody, prefix="tod"):
    """The mark that something of a day of a repository has changed since it was counted.

    A day has as many marks as changes: nothing is unique, so that no writer waits for another.
    """

    __tablename__ = "touched_days"

    repository_id: Mapped[UUID] = refers("repositories", index=True)
    date: Mapped[date]


def touched_by(table: str, *times: str, by_way_of: str | None = None) -> None:
    """Declare that a change of rows of a table touches the days (UTC) on which these times are and were.

    So no writer can forget it, and none has to know what is counted. A row has the id of its repository, or that of
    a row which has it: `by_way_of` is the table of that. The marks go with their repository: of one that is being
    deleted nothing is touched any more.
    """
    key = "repository_id" if by_way_of is None else f"{by_way_of.removesuffix('s')}_id"
    parent = "changed.key" if by_way_of is None else "parent.repository_id"
    joined = "" if by_way_of is None else f"\n            JOIN {by_way_of} parent ON parent.id = changed.key"

    def mark(rows: str) -> str:
        return f"""\
        INSERT INTO touched_days (id, repository_id, date)
        SELECT uuidv7(), touched.repository_id, touched.day FROM (
            SELECT DISTINCT {parent} AS repository_id, (changed.at AT TIME ZONE 'UTC')::date AS day
            FROM (SELECT {key} AS key, unnest(ARRAY[{", ".join(times)}]) AS at FROM {rows}) AS changed{joined}
        ) AS touched
        JOIN repositories ON repositories.id = touched.repository_id
        WHERE touched.day IS NOT NULL;"""  # noqa: S608  (names, no values)

    name = f"touch_days_of_{table}"
    function = f"""\
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
{mark("new_rows")}
    END IF;
    IF TG_OP <> 'INSERT' THEN
{mark("old_rows")}
    END IF;
    RETURN NULL;
END $$"""
    # One mark for all rows of a statement that are of a day: a history of years comes in few statements.
    events = {
        "INSERT": "NEW TABLE AS new_rows",
        "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "DELETE": "OLD TABLE AS old_rows",
    }
    triggers = [
        f"CREATE TRIGGER {name}_{event.lower()} AFTER {event} ON {table} REFERENCING {rows}\n"
        f"    FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        for event, rows in events.items()
    ]
    trigger(function, *triggers)


touched_by("commits", "committed_at")
touched_by("pull_requests", "opened_at", "merged_at", "first_reviewed_at")
touched_by("pull_request_reviews", "submitted_at", by_way_of="pull_requests")
touched_by("issues", "opened_at", "closed_at")
touched_by("releases", "published_at")
touched_by("ingestion_gaps", "found_at")
