"""Inputs that change what they give: left out is untouched, null removes, an id is looked up."""

from typing import Any

import pytest
import strawberry
from strawberry import UNSET

from db import tables
from db.engine import Database
from db.errors import Forbidden, NotFound, Refusals
from db.permissions import EDIT
from graphql_schema.core.texts import check_texts
from graphql_schema.core.updates import change, changes
from tests.world import World

PROJECT = tables.SpecificationProject


@strawberry.input
class ChangeInput:
    """Changes of a project."""

    project_id: strawberry.ID
    name: str | None = change(PROJECT.name, "The name.")
    description: str | None = change(PROJECT.description, "The text.")
    status: Any = change(PROJECT.status, "The state.")
    organization_id: strawberry.ID | None = change(PROJECT.organization_id, "Whose it is.", may=EDIT)


async def given(database: Database, world: World, who: str = "ada", **fields: Any) -> dict[str, Any]:
    """The columns that an input with these fields sets."""
    async with database.work(world.viewer(who)) as work:
        return await changes(work, ChangeInput(project_id=strawberry.ID("prj"), **fields))


async def test_a_field_that_is_left_out_sets_nothing(database: Database, world: World) -> None:
    assert await given(database, world) == {}
    assert await given(database, world, name="Globe") == {"name": "Globe"}
    assert await given(database, world, name=UNSET, description="Round") == {"description": "Round"}


async def test_null_removes_what_can_be_absent(database: Database, world: World) -> None:
    found = await given(database, world, description=None, organization_id=None)
    assert found == {"description": None, "organization_id": None}


async def test_null_is_refused_at_every_field_whose_column_cannot_be_empty(database: Database, world: World) -> None:
    with pytest.raises(Refusals) as refused:
        await given(database, world, name=None, status=None, description=None)
    assert {it.code for it in refused.value.refusals} == {"BAD_USER_INPUT"}
    assert [it.at for it in refused.value.refusals] == ["name", "status"]


async def test_an_id_becomes_the_key_of_what_the_viewer_has_the_permission_on(database: Database, world: World) -> None:
    named = {"organization_id": world.analytical.public_id}
    assert await given(database, world, "ben", **named) == {"organization_id": world.analytical.id}
    for who, refusal in (("vera", Forbidden), ("olga", NotFound)):
        with pytest.raises(refusal) as refused:
            await given(database, world, who, **named)
        assert refused.value.at == "organizationId"


def test_a_text_is_as_long_as_its_column_takes_where_it_is_given() -> None:
    check_texts(ChangeInput(project_id=strawberry.ID("prj")))
    with pytest.raises(Refusals) as refused:
        check_texts(ChangeInput(project_id=strawberry.ID("prj"), name="x" * 201))
    assert [it.at for it in refused.value.refusals] == ["name"]


def test_the_description_says_what_leaving_out_and_null_do() -> None:
    described = {field.python_name: field.description for field in ChangeInput.__strawberry_definition__.fields}  # type: ignore[attr-defined]
    assert described["name"] == "The name. Left out, it stays as it is. At most 200 characters."
    assert described["organization_id"] == "Whose it is. Null removes it. Left out, it stays as it is."
