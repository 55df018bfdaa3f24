"""Relations over link tables: which rows they lead to, and what must be seen for it."""

from uuid import UUID

import pytest

from db import relations, tables
from db.base import Base
from db.engine import Database
from db.read import pages
from db.relations import Relation
from db.tables import EnrollmentStatus, MembershipStatus, PaymentStatus
from db.windows import Order, Window
from tests.graphql_schema.asking import add
from tests.world import NOON, World

MEMBERS = relations.linked(tables.ProjectMember.project_id.expression, tables.ProjectMember.user_id.expression)
PROJECTS = relations.linked(tables.ProjectMember.user_id.expression, tables.ProjectMember.project_id.expression)
STUDENTS = relations.linked(tables.Enrollment.course_id.expression, tables.Enrollment.user_id.expression)


async def names(database: Database, world: World, who: str | None, relation: Relation, row: Base) -> list[str]:
    """The names of the rows that the relation leads somebody to."""
    by_name = Window(Order(relation.child, "name"), 100)
    async with database.read() as session:
        found = await pages(session, world.viewer(who), type(row), relation, by_name, [row.id])
    return [item.key for items in found.values() for item in items]


async def test_a_link_table_leads_from_either_of_its_sides_to_the_other(database: Database, world: World) -> None:
    assert await names(database, world, "ada", MEMBERS, world.atlas) == ["Ben", "Rob", "Vera"]
    assert await names(database, world, "ada", PROJECTS, world.vera) == ["Atlas"]


async def test_rows_of_the_link_table_count_where_they_meet_the_condition(database: Database, world: World) -> None:
    member = tables.ProjectMember
    active = relations.linked(
        member.project_id.expression,
        member.user_id.expression,
        lambda row: row.status == MembershipStatus.ACTIVE,
    )
    assert await names(database, world, "ada", active, world.atlas) == ["Ben", "Vera"]


async def test_of_the_rows_that_refer_to_a_row_those_count_that_meet_the_condition(
    database: Database, world: World
) -> None:
    owned = relations.down(tables.SpecificationProject.owner_id.expression, lambda project: project.name != "Atlas")
    await add(database, tables.SpecificationProject(name="Globe", owner_id=world.ada.id))
    assert await names(database, world, "ada", owned, world.ada) == ["Globe"]


async def test_a_row_that_is_paired_twice_is_listed_once(database: Database, world: World) -> None:
    gone = EnrollmentStatus.CANCELLED
    again = tables.Enrollment(user_id=world.sam.id, course_id=world.logic.id, status=gone, enrolled_at=NOON)
    await add(database, again)
    assert await names(database, world, "ines", STUDENTS, world.logic) == ["Sam"]


async def test_who_sees_both_but_not_that_they_are_paired_is_not_led_there(database: Database, world: World) -> None:
    await add(
        database,
        tables.Enrollment(user_id=world.ada.id, course_id=world.logic.id, payment_status=PaymentStatus.COMPLETED),
    )
    # Ben sees Ada, who works with him, and the course, which everybody sees.
    assert await names(database, world, "ben", STUDENTS, world.logic) == []
    assert await names(database, world, "ada", STUDENTS, world.logic) == ["Ada"]
    assert await names(database, world, "root", STUDENTS, world.logic) == ["Ada", "Sam"]
    assert await names(database, world, None, STUDENTS, world.logic) == []


def test_a_check_that_another_makes_needless_is_left_out() -> None:
    """Whoever sees a project sees its members, and these are as visible as their project. A course is seen by more."""
    for relation, checks in ((MEMBERS, (False, False)), (PROJECTS, (False, True)), (STUDENTS, (False, True))):
        assert relation.link
        assert (relation.is_checked, relation.link.is_checked) == checks


async def ids(database: Database, world: World, who: str | None, relation: Relation, row: Base) -> list[UUID]:
    """The ids of the rows that the relation leads somebody to, oldest first."""
    oldest = Window(Order(relation.child, "created_at"), 100)
    async with database.read() as session:
        found = await pages(session, world.viewer(who), type(row), relation, oldest, [row.id])
    return [item.row.id for items in found.values() for item in items]


async def test_foreign_keys_lead_to_rows_further_down_beneath_what_is_seen(database: Database, world: World) -> None:
    project = tables.SpecificationProject
    below = relations.further_down(
        tables.SpecificationDocument.project_id.expression, project.organization_id.expression
    )
    documents = [world.requirements.id, world.design.id]
    assert sorted(await ids(database, world, "ben", below, world.analytical)) == sorted(documents)
    assert await ids(database, world, "rob", below, world.analytical) == []
    assert await ids(database, world, "ada", below, world.remote) == []


async def test_rows_are_found_among_those_of_what_is_seen(database: Database, world: World) -> None:
    among = relations.among(tables.PullRequest.author_id.expression, tables.PullRequest.repository_id.expression)
    pulls = [world.engine_pull.id, world.vault_pull.id]
    assert sorted(await ids(database, world, "ada", among, world.ada)) == sorted(pulls)
    assert sorted(await ids(database, world, "root", among, world.ada)) == sorted(pulls)
    assert await ids(database, world, "vera", among, world.ada) == [world.engine_pull.id]
    assert await ids(database, world, None, among, world.ada) == []


def test_rows_are_not_found_among_those_of_what_does_not_tell_who_sees_them() -> None:
    with pytest.raises(TypeError, match="course_id"):
        relations.among(tables.Enrollment.user_id.expression, tables.Enrollment.course_id.expression)
