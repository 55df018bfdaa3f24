"""Generated organizations, and repositories in which their members work."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from uuid import UUID

from db import tables
from db.base import Base
from db.demo.people import slug
from db.demo.repositories import PLAN, role_for
from db.demo.rows import Batch, Row, dice, key, row
from db.demo.scale.people import Crowd, Somebody
from db.demo.scale.texts import SINCE, UNTIL, Texts, shares
from db.tables import OrganizationRole, PullRequestState, Sensitivity

PULL_REQUESTS = 5 / 6  # of the number of commits, as in the real repositories
ACTIVE_DAYS = 1 / 3  # likewise
MERGED = 0.72  # likewise
SENSITIVITIES = (Sensitivity.NORMAL,) * 17 + (Sensitivity.SENSITIVE,) * 2 + (Sensitivity.RESTRICTED,)


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
    def days(self) -> int:
        """On how many days something happens."""
        return max(1, min(int(self.commits * ACTIVE_DAYS), (UNTIL - self.team.since).days // 2))


class Code:
    """All generated organizations and repositories."""

    def __init__(self, texts: Texts, crowd: Crowd, *, counts: Mapping[type[Base], int]) -> None:
        random = dice("code")
        self._texts = texts
        sizes = shares(counts[tables.OrganizationMember], counts[tables.Organization], random=random, tail=1.5, least=3)
        since = [SINCE + (UNTIL - SINCE) / 2 * random.random() for _ in sizes]
        self._teams = [
            Team(number, at, crowd.some(size, at=at, random=random))
            for number, (size, at) in enumerate(zip(sizes, since, strict=True))
        ]
        commits = shares(counts[tables.Commit], counts[tables.Repository], random=random, tail=1.2, least=5)
        self._trees = [
            Tree(number, self._teams[number % len(self._teams)], size) for number, size in enumerate(commits)
        ]
        self._homes = {member.id: tree for tree in self._trees for member in tree.team.members}

    @property
    def row_count(self) -> int:
        """How many rows all of it makes."""
        of_teams = sum(1 + len(team.members) for team in self._teams)
        return of_teams + sum(1 + tree.commits + tree.pull_requests + tree.days for tree in self._trees)

    def home_of(self, person: Somebody) -> Tree | None:
        """A repository of the organization that somebody belongs to, if they do."""
        return self._homes.get(person.id)

    def batches(self) -> Iterator[Batch]:
        """Organizations and repositories, then what happens in one repository after the other."""
        yield Batch(tables.Organization, [_organization(team) for team in self._teams])
        yield Batch(tables.OrganizationMember, [member for team in self._teams for member in _members(team)])
        yield Batch(tables.Repository, [_repository(tree, self._texts) for tree in self._trees])
        for tree in self._trees:
            yield from _history(tree, self._texts)


def _organization(team: Team) -> Row:
    return row(tables.Organization, str(team.number), at=team.since, name=team.slug, slug=team.slug, plan=PLAN)


def _members(team: Team) -> Iterator[Row]:
    for rank, member in enumerate(team.members):
        yield row(
            tables.OrganizationMember,
            f"{team.number}/{member.email}",
            at=team.since,
            organization_id=team.id,
            user_id=member.id,
            role=role_for(200 // rank) if rank else OrganizationRole.OWNER,
        )


def _repository(tree: Tree, texts: Texts) -> Row:
    description, language = texts.repositories[tree.number % len(texts.repositories)]
    name = f"repository-{tree.number}"
    return row(
        tables.Repository,
        str(tree.number),
        at=tree.team.since,
        organization_id=tree.team.id,
        name=name,
        full_name=f"{tree.team.slug}/{name}",
        description=description,
        language=language,
        sensitivity=SENSITIVITIES[tree.number % len(SENSITIVITIES)],
        updated_at=UNTIL,
    )


def _history(tree: Tree, texts: Texts) -> Iterator[Batch]:
    """Commits, the pull requests that some of them merge, and the days that add them up."""
    random = dice(f"tree {tree.number}")
    numbers = range(1, tree.pull_requests + 1)
    merged = {number for number in numbers if random.random() < MERGED}
    authors = random.choices(tree.team.members, cum_weights=_zipf(len(tree.team.members)), k=tree.commits)
    commits = [
        _commit(tree, author, at=at, merges=number if number in merged else None, texts=texts, random=random)
        for number, (at, author) in enumerate(zip(_times(tree, random), authors, strict=True), start=1)
    ]
    yield Batch(tables.Commit, commits)
    tips = zip(commits, authors, numbers, strict=False)  # a pull request for each of the first commits
    yield Batch(tables.PullRequest, [_pull_request(tree, *tip, random=random) for tip in tips])
    yield Batch(tables.RepositoryStats, list(_days(tree, commits)))


def _zipf(count: int) -> list[float]:
    """The second does half as much as the first, the third a third: added up."""
    return list(accumulate(1 / rank for rank in range(1, count + 1)))


def _times(tree: Tree, random: Random) -> list[datetime]:
    """The time of each commit, in order: every active day has one at least."""
    midnight = datetime.combine(tree.team.since.date(), datetime.min.time(), tree.team.since.tzinfo)
    days = random.sample(range(1, (UNTIL - tree.team.since).days), tree.days)
    days += random.choices(days, k=tree.commits - len(days))
    return sorted(midnight + timedelta(days=day, seconds=random.randrange(86_400)) for day in days)


def _commit(tree: Tree, author: Somebody, *, at: datetime, merges: int | None, texts: Texts, random: Random) -> Row:
    subject, additions, deletions, files = random.choice(texts.commits)
    sha = f"{random.getrandbits(160):040x}"
    return row(
        tables.Commit,
        sha,
        at=at,
        repository_id=tree.id,
        sha=sha,
        message=subject,
        author_id=author.id,
        author_name=author.name,
        author_email=author.email,
        authored_at=at,
        committed_at=at,
        pull_request_number=merges,
        additions=additions,
        deletions=deletions,
        files_changed=files,
    )


def _pull_request(tree: Tree, commit: Row, author: Somebody, number: int, *, random: Random) -> Row:
    merged = commit["pull_request_number"] == number
    merged_at = commit["committed_at"] if merged else None
    opened_at = commit["committed_at"] - timedelta(hours=72 * random.random() ** 2)
    return row(
        tables.PullRequest,
        f"{tree.number}#{number}",
        at=opened_at,
        repository_id=tree.id,
        number=number,
        title=commit["message"],
        state=PullRequestState.MERGED if merged else None,
        author_id=author.id,
        author_name=author.name,
        head_sha=f"{random.getrandbits(160):040x}",
        merge_sha=commit["sha"] if merged else None,
        opened_at=opened_at,
        merged_at=merged_at,
        closed_at=merged_at,
        additions=commit["additions"] if merged else None,
        deletions=commit["deletions"] if merged else None,
        files_changed=commit["files_changed"] if merged else None,
        updated_at=merged_at or opened_at,
    )


def _days(tree: Tree, commits: list[Row]) -> Iterator[Row]:
    by_day: dict[date, list[Row]] = {}
    for commit in commits:
        by_day.setdefault(commit["committed_at"].date(), []).append(commit)
    for day, done in by_day.items():
        yield row(
            tables.RepositoryStats,
            f"{tree.number}/{day}",
            at=datetime.combine(day, datetime.min.time(), UNTIL.tzinfo),
            repository_id=tree.id,
            date=day,
            commits=len(done),
            authors=len({commit["author_id"] for commit in done}),
            additions=sum(commit["additions"] for commit in done),
            deletions=sum(commit["deletions"] for commit in done),
            files_changed=sum(commit["files_changed"] for commit in done),
            pull_requests_merged=sum(commit["pull_request_number"] is not None for commit in done),
        )
