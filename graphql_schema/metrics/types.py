"""Repositories and the people who work in them in numbers: the days that a job counts, and figures of all that a viewer
sees of them.
"""

from typing import Any

from sqlalchemy import Double, cast, func, literal_column, select

from db import tables
from graphql_schema.core import (
    aggregate_of,
    column,
    count,
    highest,
    lowest,
    node,
    one,
    percentile,
    period,
    ratio,
    sql,
    total,
)

BEGINS_AT = "The moment at which the period begins, in UTC. A day counts in the period in which it begins."
CYCLE_TIME = "from its first commit to its merge, in seconds; null where that is known of none"
REVIEW_TIME = "from its opening to the first review by somebody else, in seconds; null where there was none"


def _share(share: float, times: Any) -> Any:
    """The time below which a share of times lies, interpolated between two."""
    time = func.unnest(times).column_valued("time")
    found = func.percentile_cont(literal_column(f"{share}")).within_group(time)
    return select(cast(found, Double)).scalar_subquery()


@aggregate_of(tables.TeamMetric)
class TeamPeriod:
    """The work in repositories in one period. Medians are those of all pull requests of the period."""

    begins_at = period("date", BEGINS_AT)
    active_developers = count(
        "How many people committed, opened a pull request or reviewed one, of those who are known.",
        distinct="developers",
    )
    commits = total("commits", "How many commits were made.")
    additions = total("additions", "How many lines they added.")
    deletions = total("deletions", "How many lines they removed.")
    pull_requests_opened = total("pull_requests_opened", "How many pull requests were opened.")
    pull_requests_merged = total("pull_requests_merged", "How many pull requests were merged: the throughput.")
    reviews = total("reviews", "How many reviews of pull requests were given.")
    reviews_per_merge = ratio(
        "reviews",
        "pull_requests_merged",
        "How many reviews were given for each pull request that was merged; null where none was.",
    )
    issues_opened = total("issues_opened", "How many issues were opened.")
    issues_closed = total("issues_closed", "How many issues were closed.")
    cycle_time_p50 = percentile(
        0.5, "cycle_times", f"Half of the pull requests that were merged took at most so long {CYCLE_TIME}."
    )
    cycle_time_p90 = percentile(
        0.9, "cycle_times", f"Nine in ten of the pull requests that were merged took at most so long {CYCLE_TIME}."
    )
    review_time_p50 = percentile(
        0.5, "review_times", f"Half of the pull requests first reviewed then waited at most so long {REVIEW_TIME}."
    )
    gaps = total(
        "gaps", "How much GitHub must have told of these days and has not: above 0, other figures may be too low."
    )


@aggregate_of(tables.TeamMetric)
class MetricsCoverage:
    """How far metrics reach, as far as you see the repositories, and how much is missing in them."""

    since = lowest("date", "The first day of which something is known; null where nothing is.")
    until = highest("date", "The last day of which something is known.")
    repositories = count("How many repositories they are of.", distinct="repository_id")
    gaps = total("gaps", "How much GitHub must have told and has not. `metrics` says of which periods.")
    counted_at = highest("updated_at", "When a day was last counted anew.")


@aggregate_of(tables.DeveloperMetric)
class DeveloperPeriod:
    """The work of a person in one period. Medians are those of all their pull requests of the period."""

    begins_at = period("date", BEGINS_AT)
    commits = total("commits", "How many commits they made.")
    additions = total("additions", "How many lines they added.")
    deletions = total("deletions", "How many lines they removed.")
    pull_requests_opened = total("pull_requests_opened", "How many pull requests they opened.")
    pull_requests_merged = total("pull_requests_merged", "How many of their pull requests were merged.")
    reviews_given = total("reviews_given", "How many reviews of pull requests they gave.")
    issues_closed = total("issues_closed", "How many issues were closed that they saw to.")
    cycle_time_p50 = percentile(
        0.5, "cycle_times", f"Half of their pull requests that were merged took at most so long {CYCLE_TIME}."
    )
    review_time_p50 = percentile(
        0.5, "review_times", f"Half of their pull requests first reviewed then waited at most so long {REVIEW_TIME}."
    )


@aggregate_of(tables.DeveloperMetric, order="-commits")
class DeveloperTotals:
    """The work of one person on all days that count."""

    developer = one(tables.DeveloperMetric.user_id, "The person.")
    commits = total("commits", "How many commits they made.")
    additions = total("additions", "How many lines they added.")
    deletions = total("deletions", "How many lines they removed.")
    pull_requests_opened = total("pull_requests_opened", "How many pull requests they opened.")
    pull_requests_merged = total("pull_requests_merged", "How many of their pull requests were merged.")
    reviews_given = total("reviews_given", "How many reviews of pull requests they gave.")
    issues_closed = total("issues_closed", "How many issues were closed that they saw to.")
    cycle_time_p50 = percentile(
        0.5, "cycle_times", f"Half of their pull requests that were merged took at most so long {CYCLE_TIME}."
    )
    review_time_p50 = percentile(
        0.5, "review_times", f"Half of their pull requests that were reviewed waited at most so long {REVIEW_TIME}."
    )
    first_day = lowest("date", "The first of these days on which they did something.")
    last_day = highest("date", "The last of these days on which they did something.")


@node(tables.TeamMetric, orders=("-date",), filters=("date",))
class TeamMetric:
    """The work of a team in a repository on one day. A job counts it anew within a minute of each change."""

    date = column("The day, in UTC.")
    active_developers = sql(
        int,
        "How many people committed, opened a pull request or reviewed one, of those who are known.",
        lambda metric: func.cardinality(metric.developers),
        weight=None,
    )
    commits = column("How many commits were made.")
    additions = column("How many lines they added.")
    deletions = column("How many lines they removed.")
    pull_requests_opened = column("How many pull requests were opened.")
    pull_requests_merged = column("How many pull requests were merged.")
    reviews = column("How many reviews of pull requests were given.")
    issues_opened = column("How many issues were opened.")
    issues_closed = column("How many issues were closed.")
    cycle_time_p50 = sql(
        float | None,
        f"Half of the pull requests that were merged took at most so long {CYCLE_TIME}.",
        lambda metric: _share(0.5, metric.cycle_times),
        weight=None,
    )
    cycle_time_p90 = sql(
        float | None,
        f"Nine in ten of the pull requests that were merged took at most so long {CYCLE_TIME}.",
        lambda metric: _share(0.9, metric.cycle_times),
        weight=None,
    )
    review_time_p50 = sql(
        float | None,
        f"Half of the pull requests first reviewed on this day waited at most so long {REVIEW_TIME}.",
        lambda metric: _share(0.5, metric.review_times),
        weight=None,
    )
    gaps = column("How much GitHub must have told of this day and has not: above 0, other numbers may be too low.")
    updated_at = column("When the day was last counted to other numbers.")
    repository = one(tables.TeamMetric.repository_id, "The repository.")


@node(tables.DeveloperMetric, orders=("-date",), filters=("date", "user_id"))
class DeveloperMetric:
    """The work of a person in a repository on one day: for themselves, and for those who manage it."""

    date = column("The day, in UTC.")
    commits = column("How many commits they made.")
    additions = column("How many lines they added.")
    deletions = column("How many lines they removed.")
    pull_requests_opened = column("How many pull requests they opened.")
    pull_requests_merged = column("How many of their pull requests were merged.")
    reviews_given = column("How many reviews of pull requests they gave.")
    issues_closed = column("How many issues were closed that they saw to.")
    cycle_time_seconds = sql(
        float | None,
        f"Half of their pull requests that were merged took at most so long {CYCLE_TIME}.",
        lambda metric: _share(0.5, metric.cycle_times),
        weight=None,
    )
    review_time_seconds = sql(
        float | None,
        f"Half of their pull requests first reviewed on this day waited at most so long {REVIEW_TIME}.",
        lambda metric: _share(0.5, metric.review_times),
        weight=None,
    )
    updated_at = column("When the day was last counted to other numbers.")
    repository = one(tables.DeveloperMetric.repository_id, "The repository.")
    developer = one(tables.DeveloperMetric.user_id, "The person.")
