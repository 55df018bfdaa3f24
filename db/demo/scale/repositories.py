"""Generated organizations, and repositories in which their members work."""

from collections.abc import Iterator, Mapping

from db import tables
from db.base import Base
from db.demo.repositories import PLAN, policy, role_for
from db.demo.rows import Batch, Row, dice, row
from db.demo.scale.histories import history
from db.demo.scale.people import Crowd, Somebody
from db.demo.scale.texts import SINCE, UNTIL, Texts, shares
from db.demo.scale.trees import Team, Tree
from db.tables import DeliveryChannel, OrganizationRole, RuleTrigger, Sensitivity

SENSITIVITIES = (Sensitivity.NORMAL,) * 17 + (Sensitivity.SENSITIVE,) * 2 + (Sensitivity.RESTRICTED,)


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
        of_teams = sum(2 + len(team.members) + len(_ruling(team)) for team in self._teams)
        return of_teams + sum(tree.row_count for tree in self._trees)

    def home_of(self, person: Somebody) -> Tree | None:
        """A repository of the organization that somebody belongs to, if they do."""
        return self._homes.get(person.id)

    def batches(self) -> Iterator[Batch]:
        """Organizations and repositories, then what happens in one repository after the other."""
        yield Batch(tables.Organization, [_organization(team) for team in self._teams])
        yield Batch(tables.RetentionPolicy, [policy(team.id, str(team.number)) for team in self._teams])
        yield Batch(tables.OrganizationMember, [member for team in self._teams for member in _members(team)])
        yield Batch(tables.Repository, [_repository(tree, self._texts) for tree in self._trees])
        rules = [rule for team in self._teams for rule in _rules(team)]
        yield Batch(tables.NotificationRule, rules)
        for tree in self._trees:
            yield from history(tree, self._texts)


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


def _ruling(team: Team) -> list[Somebody]:
    """The members who have a rule: one in ten, and the owner."""
    return team.members[::10]


def _rules(team: Team) -> Iterator[Row]:
    for member in _ruling(team):
        yield row(
            tables.NotificationRule,
            f"{team.number}/{member.email}",
            at=team.since,
            organization_id=team.id,
            user_id=member.id,
            name="Merged",
            trigger=RuleTrigger.PULL_REQUEST_MERGED,
            channels=[DeliveryChannel.IN_APP],
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
