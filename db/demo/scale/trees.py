"""The generated organizations and repositories, and how much happens in each of them."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db import tables
from db.demo.code_reviews import NEWEST
from db.demo.people import slug
from db.demo.rows import key
from db.demo.scale.people import Somebody
from db.demo.scale.texts import UNTIL

PULL_REQUESTS = 5 / 6  # of the number of commits, as in the real repositories
ACTIVE_DAYS = 1 / 3  # likewise
REVIEWED = 2  # one pull request in so many
COMMITS_OF_ISSUE, COMMITS_OF_RELEASE = 10, 30


@dataclass(frozen=True, slots=True)
class Team:
    """An organization with its members, the most active first."""

    number: int
    since: datetime
    members: list[Somebody]

    @property
    def slug(self) -> str:
        """Its name, too."""
        words = re.findall("[a-z0-9]+", slug(self.members[0].name.split()[1]))
        return "-".join([*words, str(self.number)])

    @property
    def id(self) -> UUID:
        """The key of its row."""
        return key(tables.Organization, str(self.number), at=self.since)


@dataclass(frozen=True, slots=True)
class Tree:
    """A repository and how much happens in it."""

    number: int
    team: Team
    commits: int

    @property
    def id(self) -> UUID:
        """The key of its row."""
        return key(tables.Repository, str(self.number), at=self.team.since)

    @property
    def pull_requests(self) -> int:
        """How many pull requests it has."""
        return int(self.commits * PULL_REQUESTS)

    @property
    def reviews(self) -> int:
        """How many pull requests were reviewed."""
        return self.pull_requests // REVIEWED

    @property
    def issues(self) -> int:
        """How many issues it has."""
        return self.commits // COMMITS_OF_ISSUE

    @property
    def releases(self) -> int:
        """How many releases it has."""
        return self.commits // COMMITS_OF_RELEASE

    @property
    def row_count(self) -> int:
        """How many rows it has, with its own."""
        of_pull_requests = self.pull_requests + self.reviews + min(NEWEST, self.pull_requests)
        return 1 + self.commits + of_pull_requests + self.issues + self.releases

    @property
    def days(self) -> int:
        """On how many days something happens."""
        return max(1, min(int(self.commits * ACTIVE_DAYS), (UNTIL - self.team.since).days // 2))
