"""Access rules one by one, on three small tables: teams with places for people, and notes that belong to a team."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from enum import StrEnum, auto
from uuid import UUID

import pytest
from sqlalchemy import Boolean, Column, Enum, ForeignKey, MetaData, Table, Uuid, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db import access
from db import rules as access_rules
from db.access import GUEST, Viewer, allows
from db.access_of_others import allows_whom
from db.base import new_id
from db.closed import closed
from db.engine import Database
from db.permissions import COMMENT, EDIT, LEARN, MANAGE, OWN, SEE, Permission, Roles
from db.relations import follows, passes_down
from db.rules import (
    administrators,
    declare,
    everyone,
    members,
    named_in,
    nobody,
    owned_by,
    platform,
    through,
)
from db.tables import UserRole
from tests.db.scratch import scratch


class Role(StrEnum):
    LEAD = auto()
    GUEST = auto()
    FORMER = auto()


ANN, BOB, CAT, ROOT = (Viewer(UUID(int=number), UserRole.ADMIN if number == 4 else None) for number in (1, 2, 3, 4))
RED, BLUE = UUID(int=10), UUID(int=11)
FIRST, SECOND, LOOSE = UUID(int=20), UUID(int=21), UUID(int=22)
ROLES: Roles = {Role.LEAD: frozenset({SEE, EDIT, MANAGE}), Role.GUEST: frozenset({SEE})}

metadata = MetaData()
people = Table("people", metadata, Column("id", Uuid, primary_key=True))
teams = Table(
    "teams", metadata, Column("id", Uuid, primary_key=True), Column("open", Boolean), Column("state", Enum(Role))
)
places = Table(
    "places",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("team_id", ForeignKey(teams.c.id)),
    Column("user_id", ForeignKey(people.c.id), info={"reveals": True}),
    Column("role", Enum(Role)),
)
notes = Table(
    "notes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("team_id", ForeignKey(teams.c.id)),
    Column("author_id", ForeignKey(people.c.id)),
)
PLACES = ((ANN, RED, Role.LEAD), (BOB, RED, Role.GUEST), (CAT, RED, Role.FORMER), (CAT, BLUE, Role.LEAD))
team_members = members("places", "team_id", ROLES)


@pytest.fixture
async def session(database: Database) -> AsyncIterator[AsyncSession]:
    """Ann leads the red team, Bob is its guest, Cat was in it and leads the blue one. Ann wrote the first note."""
    async with scratch(database) as opened:
        await (await opened.connection()).run_sync(metadata.create_all)
        await opened.execute(insert(people), [{"id": viewer.id} for viewer in (ANN, BOB, CAT, ROOT)])
        await opened.execute(
            insert(teams), [{"id": RED, "open": True, "state": Role.GUEST}, {"id": BLUE, "open": False, "state": None}]
        )
        placed = [(new_id(), team, viewer.id, role) for viewer, team, role in PLACES]
        await opened.execute(insert(places), [dict(zip(places.c.keys(), row, strict=True)) for row in placed])
        written = ((FIRST, RED, ANN.id), (SECOND, BLUE, CAT.id), (LOOSE, None, None))
        await opened.execute(
            insert(notes), [{"id": id_, "team_id": team, "author_id": by} for id_, team, by in written]
        )
        yield opened


@pytest.fixture(autouse=True)
def rules() -> None:
    """The rules of the three tables, unless a test declares another. No state closes them."""
    for table in (people, teams, places, notes):
        access.closings.pop(table, None)
    declare(people, owned_by("id") | named_in("places", "user_id"))
    declare(teams, team_members)
    declare(places, through("team_id"))
    declare(notes, through("team_id"))


async def found(session: AsyncSession, table: Table, viewer: Viewer, what: Permission = SEE) -> set[UUID]:
    """The rows on which the viewer has a permission; for SEE in both forms that a statement can take."""
    statement = select(table.c.id).where(allows(what, table, viewer))
    granted = set(await session.scalars(statement, viewer.parameters))
    if what is SEE:
        listed = await session.scalars(select(table.c.id).where(access.reachable(table, viewer)), viewer.parameters)
        assert set(listed) == granted
    return granted


async def test_everyone_includes_guests_and_gives_what_is_named_on_rows_that_fit(session: AsyncSession) -> None:
    declare(teams, everyone(SEE, LEARN, where=lambda team: team.open))
    for viewer in (GUEST, ANN):
        assert await found(session, teams, viewer) == {RED}
        assert await found(session, teams, viewer, LEARN) == {RED}
        assert await found(session, teams, viewer, EDIT) == set()


async def test_nobody_includes_administrators(session: AsyncSession) -> None:
    declare(teams, nobody)
    for permission in Permission:
        assert await found(session, teams, ROOT, permission) == set()


async def test_administrators_may_do_everything_but_what_is_a_persons_own(session: AsyncSession) -> None:
    for permission in set(Permission) - {OWN}:
        assert await found(session, teams, ROOT, permission) == {RED, BLUE}
        assert await found(session, notes, ROOT, permission) == {FIRST, SECOND, LOOSE}
    declare(notes, owned_by("author_id"))
    assert await found(session, notes, ROOT, OWN) == set()
    await session.execute(update(notes).where(notes.c.id == LOOSE).values(author_id=ROOT.id))
    assert await found(session, notes, ROOT, OWN) == {LOOSE}


async def test_an_owner_may_do_everything_with_their_own(session: AsyncSession) -> None:
    declare(notes, owned_by("author_id"))
    for permission in Permission:
        assert await found(session, notes, ANN, permission) == {FIRST}
        assert await found(session, notes, BOB, permission) == set()


async def test_what_its_owner_alone_sees_is_listed_without_a_look_at_anything_else(session: AsyncSession) -> None:
    declare(notes, owned_by("author_id"))
    assert access.reached(notes, ANN) is None
    assert "SELECT" not in str(access.reachable(notes, ANN))
    for rule in (
        owned_by("author_id") | members("places", "team_id", ROLES, key="team_id"),
        owned_by("author_id", OWN),
    ):
        declare(notes, rule)
        assert access.reached(notes, ANN) is not None


async def test_an_owner_with_named_permissions_has_these_alone(session: AsyncSession) -> None:
    declare(notes, owned_by("author_id", OWN))
    assert await found(session, notes, ANN, OWN) == {FIRST}
    assert await found(session, notes, ANN) == set()


async def test_a_guest_does_not_own_what_nobody_owns(session: AsyncSession) -> None:
    declare(notes, owned_by("author_id"))
    assert await found(session, notes, GUEST) == set()


async def test_a_member_may_do_what_their_role_says(session: AsyncSession) -> None:
    assert await found(session, teams, ANN) == {RED}
    assert await found(session, teams, ANN, MANAGE) == {RED}
    assert await found(session, teams, BOB) == {RED}
    assert await found(session, teams, BOB, MANAGE) == set()
    assert await found(session, teams, GUEST) == set()


async def test_people_whom_a_column_names_may_do_what_they_may_as_viewers(session: AsyncSession) -> None:
    """All but administrators: for them it is as if they were none."""
    for permission in (SEE, MANAGE):
        may = allows_whom(permission, teams, people.c.id)
        whom = select(teams.c.id, people.c.id).select_from(teams.join(people, may))
        pairs = {(team, who.id) for who in (ANN, BOB, CAT) for team in await found(session, teams, who, permission)}
        assert {tuple(row) for row in await session.execute(whom)} == pairs


async def test_a_role_that_the_table_of_roles_does_not_name_may_do_nothing(session: AsyncSession) -> None:
    assert await found(session, teams, CAT) == {BLUE}


async def test_a_permission_that_no_role_has_is_nobodys(session: AsyncSession) -> None:
    for viewer in (ANN, BOB, CAT):
        assert await found(session, teams, viewer, COMMENT) == set()


async def test_a_membership_can_depend_on_member_and_row(session: AsyncSession) -> None:
    declare(
        teams, members("places", "team_id", ROLES, where=lambda place, team: or_(team.open, place.role == Role.GUEST))
    )
    assert await found(session, teams, ANN) == {RED}
    assert await found(session, teams, CAT) == set()


async def test_a_membership_can_be_found_by_another_column_than_the_id(session: AsyncSession) -> None:
    declare(notes, members("places", "team_id", ROLES, key="team_id"))
    assert await found(session, notes, BOB) == {FIRST}
    assert await found(session, notes, BOB, EDIT) == set()
    assert await found(session, notes, ANN, EDIT) == {FIRST}


async def test_what_may_be_done_with_a_row_may_be_done_with_what_belongs_to_it(session: AsyncSession) -> None:
    assert await found(session, notes, BOB) == {FIRST}
    assert await found(session, notes, BOB, EDIT) == set()
    assert await found(session, notes, CAT, EDIT) == {SECOND}
    assert await found(session, notes, GUEST) == set()


async def test_more_can_be_asked_for_than_the_same_permission(session: AsyncSession) -> None:
    declare(notes, through("team_id", see=MANAGE))
    assert await found(session, notes, ANN) == {FIRST}
    assert await found(session, notes, BOB) == set()


async def test_what_belongs_to_a_row_is_listed_where_it_meets_the_condition(session: AsyncSession) -> None:
    declare(teams, team_members | owned_by("id"))
    declare(notes, through("team_id", where=lambda note: note.author_id != CAT.id))
    assert await found(session, notes, ANN) == {FIRST}
    assert await found(session, notes, CAT) == set()


def test_what_hangs_on_a_row_alone_is_read_once_in_a_list() -> None:
    declare(teams, team_members | owned_by("id"))
    listed = access.reachable(notes.alias("listed"), ANN).compile()
    assert "FROM notes" not in str(listed)
    declare(notes, through("team_id") | owned_by("author_id"))
    assert "FROM notes" in str(access.reachable(notes.alias("listed"), ANN).compile())


async def test_what_belongs_to_a_row_can_be_one_persons_for_as_long_as_they_see_that(session: AsyncSession) -> None:
    declare(notes, through("team_id", of="author_id"))
    assert await found(session, notes, ANN) == {FIRST}
    assert await found(session, notes, BOB) == set()
    assert await found(session, notes, CAT, EDIT) == {SECOND}
    assert await found(session, notes, ROOT) == {FIRST, SECOND, LOOSE}
    assert await found(session, notes, GUEST) == set()
    await session.execute(update(places).where(places.c.user_id == ANN.id).values(role=Role.FORMER))
    assert await found(session, notes, ANN) == set()


async def test_what_is_a_persons_own_does_not_pass_to_what_belongs_to_it(session: AsyncSession) -> None:
    declare(people, owned_by("id"))
    declare(notes, through("author_id"))
    assert await found(session, people, ANN, OWN) == {ANN.id}
    assert await found(session, notes, ANN, EDIT) == {FIRST}
    assert await found(session, notes, ANN, OWN) == set()


async def test_who_sees_a_row_of_another_table_sees_whom_it_names_and_may_do_no_more(session: AsyncSession) -> None:
    assert await found(session, people, BOB) == {ANN.id, BOB.id, CAT.id}
    assert await found(session, people, CAT) == {CAT.id}
    assert await found(session, people, BOB, EDIT) == {BOB.id}
    assert await found(session, people, GUEST) == set()
    declare(places, through("team_id", see=MANAGE))
    declare(people, named_in("places", "user_id"))
    assert await found(session, people, ANN) == {ANN.id, BOB.id, CAT.id}
    assert await found(session, people, BOB) == set()


async def test_rules_add_up(session: AsyncSession) -> None:
    declare(notes, through("team_id") | owned_by("author_id") | everyone(where=lambda note: note.author_id.is_(None)))
    assert await found(session, notes, ANN) == {FIRST, LOOSE}
    assert await found(session, notes, ANN, OWN) == {FIRST}
    assert await found(session, notes, GUEST) == {LOOSE}


async def test_lists_that_start_from_the_viewer_add_up_too(session: AsyncSession) -> None:
    declare(notes, owned_by("author_id") | members("places", "team_id", ROLES, key="team_id"))
    assert await found(session, notes, BOB) == {FIRST}
    assert await found(session, notes, CAT) == {SECOND}


def test_the_way_up_needs_no_check_where_the_row_is_seen_by_no_other_way() -> None:
    assert follows(notes.c.team_id)
    declare(notes, through("team_id") | owned_by("author_id"))
    assert not follows(notes.c.team_id)
    declare(notes, through("team_id") | owned_by("author_id", OWN))
    assert follows(notes.c.team_id)
    declare(notes, through("team_id", see=MANAGE))
    assert not follows(notes.c.team_id)


def test_the_way_up_needs_no_check_to_what_the_row_reveals() -> None:
    assert follows(places.c.user_id)
    assert not follows(notes.c.author_id)


def test_the_way_down_needs_no_check_where_the_rule_goes_through_it() -> None:
    assert passes_down(notes.c.team_id)
    declare(notes, through("team_id") | owned_by("author_id"))
    assert passes_down(notes.c.team_id)
    assert not passes_down(notes.c.author_id)
    declare(notes, through("team_id", see=MANAGE))
    assert not passes_down(notes.c.team_id)
    declare(notes, through("team_id", of="author_id"))
    assert not passes_down(notes.c.team_id)


def test_the_statement_of_a_person_is_the_same_for_all_people() -> None:
    statements = [allows(SEE, notes, viewer).compile() for viewer in (ANN, BOB, CAT)]
    assert len({str(statement) for statement in statements}) == 1
    assert statements[0].params == statements[1].params == statements[2].params
    assert "viewer_id" in statements[0].params
    assert ANN.parameters == {"viewer_id": ANN.id}


async def test_a_row_is_closed_by_its_own_state_and_by_that_of_what_it_belongs_to(session: AsyncSession) -> None:
    declare(places, through("team_id"), closed("role", {Role.FORMER: "They have left."}))
    declare(notes, through("team_id"))
    assert access_rules.closing(notes) is None
    assert await reasons(session, places) == {"They have left.": 1, None: 3}
    declare(teams, team_members, closed("state", {Role.GUEST: "The team has guests."}))
    assert await reasons(session, notes) == {"The team has guests.": 1, None: 2}
    assert await reasons(session, places) == {"They have left.": 1, "The team has guests.": 2, None: 1}
    assert access.matrix(metadata).splitlines().count("  closed   role: former") == 1


async def reasons(session: AsyncSession, table: Table) -> dict[str | None, int]:
    """Why rows of a table are closed, and how many for each reason."""
    reason = access_rules.closing(table)
    assert reason is not None
    return dict(Counter(await session.scalars(select(reason).select_from(table))))


def test_the_matrix_says_who_may_do_what() -> None:
    declare(people, nobody)
    declare(teams, team_members | everyone(where=lambda team: team.open))
    declare(notes, through("team_id", see=MANAGE) | owned_by("author_id", OWN))
    lines = access.matrix(metadata).splitlines()
    assert lines[lines.index("people") + 1] == "  see      nobody"
    assert lines[lines.index("teams") + 1] == "  see      administrators | places(lead, guest) | everyone"
    assert lines[lines.index("notes") + 1] == "  see      administrators | team_id → manage"
    assert lines[lines.index("notes") + 6] == "  own      author_id"


def test_administrators_are_added_to_every_rule_but_that_for_nobody() -> None:
    declare(teams, nobody)
    assert access.rule_of(teams) is nobody
    declare(teams, team_members)
    assert access.rule_of(teams.alias()) == administrators | team_members


async def test_a_role_on_the_platform_gives_what_is_named_on_every_row(session: AsyncSession) -> None:
    declare(notes, platform(UserRole.MODERATOR, SEE, MANAGE))
    moderator = replace(BOB, role=UserRole.MODERATOR)
    for permission in (SEE, MANAGE):
        assert await found(session, notes, moderator, permission) == {FIRST, SECOND, LOOSE}
    for viewer, permission in ((moderator, EDIT), (BOB, SEE), (replace(BOB, role=UserRole.INSTRUCTOR), SEE)):
        assert await found(session, notes, viewer, permission) == set()


def test_what_is_somebodys_own_is_no_roles() -> None:
    with pytest.raises(AssertionError, match="owner alone"):
        platform(UserRole.MODERATOR, OWN)


def test_the_text_of_a_statement_depends_on_roles_that_rules_name_and_not_on_others() -> None:
    kinds = {replace(BOB, role=role).kind for role in (None, UserRole.STUDENT, UserRole.INSTRUCTOR)}
    assert kinds == {"user"}
    assert len({replace(BOB, role=role).kind for role in (None, UserRole.MODERATOR, UserRole.ADMIN)}) == 3


def test_the_text_of_a_statement_is_the_same_whichever_scopes_a_credential_has() -> None:
    kinds = {replace(BOB, scopes=frozenset(scopes)).kind for scopes in ((), ("specs:read",), ("specs:write",))}
    assert len(kinds) == 1
    assert kinds != {BOB.kind}
