"""Visits to documents: whoever spoke about one saw it when they last did, and its owner when the talk began.

Nobody publishes who reads what, so the visit of the owner is our doing: what was said since is new to them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from db import tables
from db.demo.people import People, Person
from db.demo.rows import Batch, Row, key, row
from db.demo.sources import Sources, moment
from db.demo.specs import document_id, history_of, owner
from db.demo.talk import Placed, placed

JUST = timedelta(minutes=1)
"""A visit notes what was said so shortly before."""


def rows(sources: Sources, people: People) -> Batch:
    """The visits of all who were there."""
    return Batch(tables.DocumentVisit, [visit for review in placed(sources) for visit in _visits(review, people)])


def _visits(review: Placed, people: People) -> Iterator[Row]:
    said = sorted((one for one in review.record["comments"] if one["body"]), key=lambda one: str(one["created_at"]))
    who = owner(review.project, people)
    last = {who.identity: (who, moment(said[0]["created_at"]))} if said else {}
    for comment in said:
        speaker = people.known(comment["author"])
        last[speaker.identity] = speaker, moment(comment["created_at"])
    yield from (_visit(review, person, at) for person, at in last.values())


def _visit(review: Placed, person: Person, at: datetime) -> Row:
    times = ((comment, moment(comment["created_at"])) for comment in review.record["comments"] if comment["body"])
    versions = [one for one in history_of(review.project, review.phase) if moment(one["date"]) <= at]
    return row(
        tables.DocumentVisit,
        f"{review.record['id']}/{person.identity}",
        at=at,
        document_id=document_id(review.project, review.phase),
        user_id=person.id,
        version=max(1, len(versions)),
        sequence=0,
        seen_at=at,
        recent=[key(tables.Comment, review.name_of(one), at=said) for one, said in times if at - JUST < said <= at],
    )
