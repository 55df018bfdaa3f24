"""Rows that meet a rule, as far as its owner sees them, and figures of them: found by one statement a trigger."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, Select, any_, cast, false, func, or_, select, true
from sqlalchemy.orm import join

from db import tables
from db.access_of_others import allows_whom
from db.base import Base
from db.permissions import SEE
from db.tables import PullRequestState, RuleMetric, RuleTrigger

RECENT = timedelta(days=7)
"""The time that metrics look at, and the dry run of a rule."""

_rule, _repository = tables.NotificationRule, tables.Repository
_pull, _review = tables.PullRequest, tables.CodeReview
THRESHOLD = cast(_rule.conditions["threshold"].astext, Integer)
TOUCHED = func.greatest(_pull.opened_at, _pull.first_reviewed_at, _pull.source_updated_at)
"""When something last happened to a pull request."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The rows that a trigger is about: when it happened to one, in words, and what a rule asks of it beside that.

    `by` is the table of the rows that tell of it, where that is another, and refers to it.
    """

    table: type[Base]
    at: Any
    words: str
    where: ColumnElement[bool] = true()  # noqa: RUF009  (a constant)
    by: type[Base] | None = None

    @property
    def told_by(self) -> Any:
        """The table of the rows that tell of it."""
        return self.by or self.table


WATCHED = {
    RuleTrigger.PULL_REQUEST_OPENED: Watched(_pull, _pull.opened_at, "Pull request #{0.number} was opened"),
    RuleTrigger.PULL_REQUEST_MERGED: Watched(
        _pull, _pull.merged_at, "Pull request #{0.number} was merged", _pull.merged_at.is_not(None)
    ),
    RuleTrigger.PULL_REQUEST_STALE: Watched(
        _pull,
        TOUCHED,
        "Nothing happens to pull request #{0.number}",
        (_pull.state == PullRequestState.OPEN) & (func.now() - func.make_interval(0, 0, 0, 0, THRESHOLD) > TOUCHED),
    ),
    RuleTrigger.ISSUE_OPENED: Watched(tables.Issue, tables.Issue.opened_at, "Issue #{0.number} was opened"),
    RuleTrigger.COMMIT_PUSHED: Watched(tables.Commit, tables.Commit.committed_at, "There is a commit"),
    RuleTrigger.RISK_AT_LEAST: Watched(
        _pull,
        _review.completed_at,
        "Pull request #{0.number} is risky",
        _review.risk_score >= THRESHOLD,
        by=_review,
    ),
}
"""The triggers that are about one row each."""
CONDITIONS: dict[str, Callable[[Any, ColumnElement[str]], ColumnElement[bool]]] = {
    "author": lambda row, name: func.lower(row.author_name) == func.lower(name),
    "branch": lambda row, name: row.base_branch == name,
    "label": lambda row, name: name == any_(row.labels),
}
COLUMNS = {"author": "author_name", "branch": "base_branch", "label": "labels"}
"""The conditions of rules, and the columns that they look at in the tables that have these."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value that is worked out of the rows that have a time, each of them in a repository."""

    value: ColumnElement[Any]
    at: Any
    of: Any
    repository_id: Any


_took = func.extract("epoch", _pull.merged_at - func.coalesce(_pull.first_committed_at, _pull.opened_at)) / 3600
_median = func.percentile_cont(0.5).within_group(_took)
_given = tables.PullRequestReview
FIGURES: dict[RuleMetric | None, Figure] = {
    None: Figure(_median, _pull.merged_at, _pull, _pull.repository_id),
    RuleMetric.COMMITS: Figure(func.count(), tables.Commit.committed_at, tables.Commit, tables.Commit.repository_id),
    RuleMetric.PULL_REQUESTS_MERGED: Figure(func.count(), _pull.merged_at, _pull, _pull.repository_id),
    RuleMetric.REVIEWS: Figure(func.count(), _given.submitted_at, join(_given, _pull), _pull.repository_id),
}
"""The metrics of rules, and by None the hours that half of the pull requests took."""


def matches(trigger: RuleTrigger) -> Select[Any]:
    """The rules for what happens to one row with each row that meets them, its repository, and when that was."""
    watched = WATCHED[trigger]
    row: Any = watched.table
    asked = (
        or_(~_rule.conditions.has_key(name), test(row, _rule.conditions[name].astext))
        for name, test in CONDITIONS.items()
        if COLUMNS[name] in watched.table.__table__.c
    )
    found = select(_rule, row, _repository, watched.at.label("at")).select_from(row)
    if watched.by:
        found = found.join(watched.by)
    return (
        found.join(_repository, _repository.id == row.repository_id)
        .join(_rule, _rule.organization_id == _repository.organization_id)
        .where(_rule.trigger == trigger, _covers(_repository), _owner_acts(), watched.where, *asked)
        .order_by(_rule.id)
    )


def figures(metric: RuleMetric | None) -> Select[Any]:
    """The rules for a metric, or for the cycle time, with what it is now in the repositories that their owner sees, and
    whether that is told. It is null where there is nothing to work it out from.
    """
    figure = FIGURES[metric]
    found = (
        select(figure.value)
        .select_from(figure.of)
        .join(_repository, _repository.id == figure.repository_id)
        .where(_repository.organization_id == _rule.organization_id, _covers(_repository))
        .where(figure.at >= func.now() - RECENT, figure.at <= func.now())
    )
    trigger = RuleTrigger.METRIC_BELOW if metric else RuleTrigger.CYCLE_TIME_ABOVE
    which = _rule.trigger == trigger, _rule.conditions["metric"].astext.is_not_distinct_from(metric), _owner_acts()
    known = select(_rule.id, found.correlate(_rule).scalar_subquery().label("figure")).where(*which).cte("known")
    is_told = known.c.figure < THRESHOLD if metric else known.c.figure > THRESHOLD
    told = func.coalesce(is_told, false(), type_=Boolean()).label("told")
    return select(_rule, known.c.figure, told).join(known, known.c.id == _rule.id).order_by(_rule.id)


def owner_sees(row: Any) -> ColumnElement[bool]:
    """Whether the owner of a rule sees a row, such as a repository or the organization."""
    return allows_whom(SEE, row.__table__, _rule.user_id)


def _covers(repository: type[tables.Repository]) -> ColumnElement[bool]:
    """Whether a rule is about a repository, and its owner sees that."""
    is_meant = or_(_rule.repository_id.is_(None), _rule.repository_id == repository.id)
    return is_meant & owner_sees(repository)


def _owner_acts() -> ColumnElement[bool]:
    """Whether the owner of a rule is a member of the organization, and may sign in."""
    organization = tables.Organization
    belongs = select(organization.id).where(organization.id == _rule.organization_id, owner_sees(organization))
    may_sign_in = select(tables.User.id).where(tables.User.id == _rule.user_id, tables.User.is_active)
    return belongs.correlate(_rule).exists() & may_sign_in.correlate(_rule).exists()
