"""Identities of the people: the address of their account and their login, and those that organizations merged.

The sources have more addresses for many. Nobody has shown that these are theirs, so the organization in whose commits
they stand has merged them.
"""

from collections.abc import Iterator
from uuid import UUID

from db import tables
from db.actions.identities import identity_of, is_nobodys
from db.demo.people import People, Person
from db.demo.repositories import organization_id
from db.demo.rows import Batch, Row, row
from db.demo.sources import Sources, moment
from db.tables import IdentityKind

Named = tuple[IdentityKind, str]


def rows(sources: Sources, people: People) -> Batch:
    """All that are proven, and all that are merged."""
    proven = {named: person for person in people for named in _named(person.email, person.github_login)}
    return Batch(tables.Identity, [*_proven(proven), *_merged(sources, people, proven)])


def _proven(proven: dict[Named, Person]) -> Iterator[Row]:
    for (kind, value), person in proven.items():
        yield row(
            tables.Identity, value, at=person.first, user_id=person.id, organization_id=None, kind=kind, value=value
        )


def _merged(sources: Sources, people: People, proven: dict[Named, Person]) -> Iterator[Row]:
    """The other addresses under which people have written in the repository of an organization."""
    for repository in sources.repositories:
        organization, at = organization_id(repository), moment(repository["first_commit"])
        written = [(one["author"], one["author_email"]) for one in sources.commits if one["repo"] == repository["repo"]]
        merged: dict[Named, UUID] = {}
        for name, email in written:
            if user_id := people.id_of(name, email=email):
                for named in _named(email):
                    merged.setdefault(named, user_id)
        for (kind, value), user_id in merged.items():
            if (kind, value) not in proven:
                whose = {"user_id": user_id, "organization_id": organization}
                yield row(tables.Identity, f"{organization}/{value}", at=at, **whose, kind=kind, value=value)


def _named(email: str, login: str | None = None) -> Iterator[Named]:
    """An address and a login as identities, but for those that are nobody's."""
    for kind, value in (identity_of(email) | identity_of(None, login)).items():
        if not is_nobodys(kind, value):
            yield kind, value
