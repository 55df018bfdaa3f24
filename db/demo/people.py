"""The people of all sources, each once, however many names and addresses they appear under.

One person is one full name (`Gregor Martynus` with two addresses), one GitHub login (`@pacoxu`, who is also `Paco Xu`),
or one e-mail address. Bots are nobody, except the two that wrote review comments: a comment has an author, so these two
have accounts, inactive ones.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db import tables
from db.demo.rows import Batch, Row, key, row
from db.demo.sources import Record, Sources, moment
from db.tables import UserRole

ROLES = ("authors", "reviewers", "approvers")
INSTRUCTORS = {
    "hf-llm-course": "Hugging Face",
    "rust-book-quizzes": "The Rust Project Developers",
    "swc-unix-shell": "The Carpentries",
    "swc-python-gapminder": "The Carpentries",
    "js-question-bank": "Lydia Hallie",
}
COURSES_SINCE = "2024-09-02"  # the sources do not say since when

_BOT = re.compile(r"\bbot\b|^(botberry|travis ci user|create or update pull request action|root)$", re.IGNORECASE)
_TEAM = re.compile(r"^@?sig-")


@dataclass(slots=True)
class Person:
    """Somebody, from the first to the last trace of them."""

    identity: str
    name: str
    email: str
    first: datetime
    last: datetime
    github_login: str | None = None
    username: str | None = None
    role: UserRole = UserRole.DEVELOPER
    is_active: bool = True

    @property
    def id(self) -> UUID:
        """The key of their row. It is final once all traces are known."""
        return key(tables.User, self.identity, at=self.first)


class People:
    """Everybody, found by the address or the name that a source has for them."""

    def __init__(self, names: dict[str, str], emails: dict[str, str]) -> None:
        """`names` is the one name of each e-mail address, `emails` the address chosen for some names."""
        self._names = names
        self._emails = emails
        self._people: dict[str, Person] = {}

    def __iter__(self) -> Iterator[Person]:
        return iter(self._people.values())

    def meet(self, name: str, at: datetime, *, email: str | None = None) -> Person:
        """A trace of somebody, perhaps the first."""
        name = self._names.get(email or "", name)
        identity = _identity(name, email)
        found = self._people.get(identity)
        if found is None:
            address = self._emails.get(name) or email or f"{slug(name)}@example.com"
            found = self._people[identity] = Person(identity, name, address, at, at)
        if " " in name:  # a full name says more than a login
            found.name = name
        found.first, found.last = min(found.first, at), max(found.last, at)
        return found

    def id_of(self, name: str, *, email: str | None = None) -> UUID | None:
        """The key of that person; None when they were not met, as a bot is not."""
        found = self._people.get(_identity(self._names.get(email or "", name), email))
        return found.id if found else None

    def known(self, name: str) -> Person:
        """A person who was met under this name."""
        return self._people[_identity(name, None)]


def everybody(sources: Sources, *, emails: dict[str, str]) -> People:
    """All the people of the sources. `emails` has the address of those whose name it holds."""
    people = People(_names(sources), emails)
    _meet_committers(people, sources)
    _meet_specifiers(people, sources)
    _meet_reviewers(people, sources)
    for name in INSTRUCTORS.values():
        people.meet(name, moment(COURSES_SINCE)).role = UserRole.INSTRUCTOR
    return people


def rows(people: Iterable[Person]) -> Batch:
    """Their accounts, made when they first appear."""
    return Batch(tables.User, [_user(person) for person in people])


def logins(project: Record) -> dict[str, list[str]]:
    """The people whom a proposal names as authors, reviewers and approvers; teams are none."""
    return {role: [name.lstrip("@") for name in project.get(role, []) if not _TEAM.match(name)] for role in ROLES}


def revisions(project: Record) -> list[Record]:
    """Every revision of a project, whichever document it belongs to, oldest first."""
    of_phases = [revision for phase in project["phases"].values() for revision in phase.get("revisions", [])]
    return sorted([*project.get("revisions", []), *of_phases], key=lambda revision: str(revision["date"]))


def participants(review: Record) -> list[str]:
    """Everybody who asked for a review, was asked, or said something."""
    return [review["requester"], *review["reviewers"], *(comment["author"] for comment in review["comments"])]


def slug(name: str) -> str:
    """A name as the front of an address: `Krzysztof K.` is `krzysztof.k`."""
    return re.sub(r"[^a-z0-9_-]+", ".", _plain(name).encode("ascii", "ignore").decode()).strip(".")


def _user(person: Person) -> Row:
    return row(
        tables.User,
        person.identity,
        at=person.first,
        email=person.email,
        name=person.name,
        github_login=person.github_login,
        username=person.username,
        role=person.role,
        is_active=person.is_active,
        email_verified_at=person.first,
        last_seen_at=person.last,
    )


def _names(sources: Sources) -> dict[str, str]:
    """One name for each address of a person: that of the contributors' list, or else the longest."""
    names = {record["author_email"]: record["name"] for record in sources.contributors}
    heads: dict[str, str] = {}
    for record in sources.pull_requests:
        email, name = record["head_author_email"], record["head_author"]
        heads[email] = max(heads.get(email, ""), name, key=len)
    return heads | names


def _meet_committers(people: People, sources: Sources) -> None:
    by_commits = sorted(sources.contributors, key=lambda record: (-record["commits"], record["author_email"]))
    for record in by_commits:  # so that a person's address is the one they committed most under
        if not record["is_bot"] and not _BOT.search(record["name"]):
            for at in (record["first"], record["last"]):
                people.meet(record["name"], moment(at), email=record["author_email"])
    bots = {record["author_email"] for record in sources.contributors if record["is_bot"]}
    for record in sources.pull_requests:
        name, email = record["head_author"], record["head_author_email"]
        if email not in bots and not _BOT.search(name):
            people.meet(name, moment(record["head_author_date"]), email=email)


def _meet_specifiers(people: People, sources: Sources) -> None:
    for project in sources.projects:
        for revision in revisions(project):
            if not _BOT.search(revision["author"]):
                people.meet(revision["author"], moment(revision["date"]))
        for login in (login for names in logins(project).values() for login in names):
            people.meet(login, moment(project["created"])).github_login = login


def _meet_reviewers(people: People, sources: Sources) -> None:
    for review in sources.reviews:
        for name in participants(review):
            people.meet(name, moment(review["created_at"])).is_active = not _BOT.search(name)
        for comment in review["comments"]:
            people.meet(comment["author"], moment(comment["created_at"]))


def _identity(name: str, email: str | None) -> str:
    """The text by which a person is told from all others: the letters of a full name, or an address where there is
    none.
    """
    if email and " " not in name.strip():
        return email
    return "".join(filter(str.isalnum, _plain(name)))


def _plain(name: str) -> str:
    """A name without case and accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign))
