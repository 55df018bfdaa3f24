"""Rules of those who own the repositories, and what they told of the last pull requests: all of them are our doing."""

from collections.abc import Iterator
from itertools import islice

from db import tables
from db.base import Json
from db.demo.people import People
from db.demo.repositories import organization_id, pull_request_id, repository_id
from db.demo.rows import Batch, Row, as_json, row
from db.demo.sources import Record, Sources, moment
from db.tables import DeliveryChannel, DeliveryStatus, RuleTrigger

OWNERS = {"strawberry-graphql": "Patrick Arminio", "octokit": "Gregor Martynus"}
RULES: tuple[tuple[str, RuleTrigger, Json, list[DeliveryChannel]], ...] = (
    ("Merged", RuleTrigger.PULL_REQUEST_MERGED, {}, [DeliveryChannel.IN_APP, DeliveryChannel.EMAIL]),
    ("Forgotten", RuleTrigger.PULL_REQUEST_STALE, {"threshold": 7 * 24}, [DeliveryChannel.EMAIL]),
    ("Slow", RuleTrigger.CYCLE_TIME_ABOVE, {"threshold": 72}, [DeliveryChannel.IN_APP]),
)
TOLD = 5
"""The pull requests of which the first of these rules told."""


def rows(sources: Sources, people: People) -> Iterator[Batch]:
    """The rules, and the mails that one of them sent."""
    owned = [one for one in sources.repositories if one["organization"] in OWNERS]
    yield Batch(tables.NotificationRule, [rule for one in owned for rule in _rules(one, people)])
    deliveries = [one for repository in owned for one in _deliveries(repository, sources, people)]
    yield Batch(tables.NotificationDelivery, deliveries)
    yield Batch(tables.DeliveryKey, list(map(_key, deliveries)))


def _rules(repository: Record, people: People) -> Iterator[Row]:
    at = moment(repository["first_commit"])
    for name, trigger, conditions, channels in RULES:
        yield row(
            tables.NotificationRule,
            f"{repository['organization']}/{name}",
            at=at,
            organization_id=organization_id(repository),
            user_id=people.known(OWNERS[repository["organization"]]).id,
            repository_id=repository_id(repository),
            name=name,
            trigger=trigger,
            conditions=as_json(conditions),
            channels=channels,
        )


def _deliveries(repository: Record, sources: Sources, people: People) -> Iterator[Row]:
    rule, *_ = _rules(repository, people)
    merged = (one for one in sources.pull_requests if one["repo"] == repository["repo"] and one["merged"])
    for pull in islice(sorted(merged, key=lambda one: one["merged_at"], reverse=True), TOLD):
        at = moment(pull["merged_at"])
        told = {
            "ruleId": tables.NotificationRule(id=rule["id"]).public_id,
            "title": f"Pull request #{pull['number']} was merged in {pull['repo']}",
            "message": pull["title"] or pull["head_subject"],
            "subjectId": tables.PullRequest(id=pull_request_id(pull)).public_id,
        }
        yield row(
            tables.NotificationDelivery,
            f"{pull['repo']}#{pull['number']}",
            at=at,
            rule_id=rule["id"],
            repository_id=repository_id(repository),
            channel=DeliveryChannel.EMAIL,
            payload=as_json({"type": RuleTrigger.PULL_REQUEST_MERGED, "timestamp": at.isoformat(), "data": told}),
            status=DeliveryStatus.SENT,
            attempts=1,
            sent_at=at,
        )


def _key(delivery: Row) -> Row:
    """The mark of a delivery, with its id."""
    kept = {name: delivery[name] for name in ("id", "rule_id", "channel", "created_at")}
    return kept | {"event_key": f"{RuleTrigger.PULL_REQUEST_MERGED} {delivery['id'].hex}"}
