"""Messages of GitHub, and the repository of its test account that they tell of, as it is worked out of them."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from db import tables
from db.demo.rows import Batch, Row, as_json, row
from db.demo.sources import Record, Sources, moment
from db.ingestion.facts import COMMIT, HEAD, ISSUE, PULL_REQUEST, RELEASE, REPOSITORY, REVIEW, Fact, Kind, last
from db.ingestion.messages import everything

# The payloads name test accounts: they are with the organization that published them.
PUBLISHER = "octokit"
FOLLOWED = 186853002
"""The number at GitHub of the repository that most of them are about: Codertocat/Hello-World."""
DELIVERY = "id", "organization_id", "delivery_id", "created_at"
"""The columns of an event that its delivery has too."""
_FIRST_EVENT = "2018-05-04T01:14:52Z"


def rows(sources: Sources, organization_id: Callable[[Record], UUID]) -> Iterator[Batch]:
    """The messages, and the repository that is followed with all that they say of it."""
    (publisher,) = (record for record in sources.repositories if record["organization"] == PUBLISHER)
    organization = organization_id(publisher)
    about = [record for record in sources.webhooks if _repository_of(record) == FOLLOWED]
    facts = last(everything((record["event"], record["action"], record["payload"]) for record in about))
    repository = _repository(organization, facts[REPOSITORY][None], facts[HEAD][None])
    repository["last_event_at"] = max(_times([record["payload"] for record in about]))
    yield Batch(tables.Repository, [repository])
    for kind in (COMMIT, PULL_REQUEST, ISSUE, RELEASE):
        yield Batch(kind.table, [_row(kind, repository["id"], fact) for fact in facts[kind].values()])
    pulls = {fact.key: _row(PULL_REQUEST, repository["id"], fact)["id"] for fact in facts[PULL_REQUEST].values()}
    yield Batch(REVIEW.table, [_row(REVIEW, pulls[fact.below], fact) for fact in facts[REVIEW].values()])
    yield Batch(tables.WebhookEvent, events := list(_events(sources, organization, repository["id"])))
    yield Batch(tables.WebhookDelivery, [{name: event[name] for name in DELIVERY} for event in events])


def _repository(organization: UUID, about: Fact, head: Fact) -> Row:
    at = moment(_FIRST_EVENT)
    values = {**about.values, **head.values}
    return row(tables.Repository, str(FOLLOWED), at=at, organization_id=organization, github_id=FOLLOWED, **values)


def _row(kind: Kind, above: UUID, fact: Fact) -> Row:
    """The row of a fact. Nobody whom it names is among the people of the demo."""
    names = "opened_at", "submitted_at", "published_at", "committed_at"
    (at,) = (fact.values[name] for name in names if name in fact.values)
    name = f"{FOLLOWED}/{fact.key}"
    return row(kind.table, name, at=at, **{kind.above: above, kind.key: fact.key}, **fact.values)


def _events(sources: Sources, organization: UUID, repository: UUID) -> Iterator[Row]:
    at = moment(_FIRST_EVENT)
    for record in sources.webhooks:
        at = max(_times(record["payload"]), default=at)  # without a time of its own: that of the one before it
        github_id = _repository_of(record)
        yield row(
            tables.WebhookEvent,
            record["delivery"],
            at=at,
            delivery_id=record["delivery"],
            organization_id=organization,
            repository_id=repository if github_id == FOLLOWED else None,
            github_repository_id=github_id,
            event=record["event"],
            action=record["action"],
            payload=as_json(record["payload"]),
            received_at=at,
            processed_at=at,
        )


def _repository_of(record: Record) -> int | None:
    return (record["payload"].get("repository") or {}).get("id")


def _times(value: Any) -> Iterable[datetime]:
    """Every time at which something in a payload was made or changed."""
    if isinstance(value, list):
        for item in value:
            yield from _times(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in {"created_at", "updated_at"} and isinstance(item, str):
                yield moment(item)
            else:
                yield from _times(item)
