"""Settings of a project: patched, as large as they may be, and refused where they cannot be kept."""

import asyncio
from typing import Any

import pytest

from graphql_schema.execution import RequestError
from tests.conftest import Graph
from tests.graphql_schema.asking import change, refusal
from tests.world import World

UPDATE = """
    mutation ($input: UpdateProjectInput!) {
      updateProject(input: $input) { project { settings } errors { code message path } }
    }
"""


async def patched(graph: Graph, world: World, patch: Any) -> Any:
    """The settings of Atlas, once they are patched."""
    given = {"projectId": world.atlas.public_id, "settings": patch}
    payload = (await graph.data("ada", UPDATE, input=given))["updateProject"]
    assert payload["errors"] == []
    return payload["project"]["settings"]


async def test_a_patch_changes_what_it_names_and_null_takes_it_away(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, settings={"a": 1, "view": {"wide": True, "dark": False}, "b": [1, 2]})
    found = await patched(graph, world, {"a": None, "view": {"dark": True}, "b": [3], "new": {"x": None, "y": 0}})
    assert found == {"view": {"wide": True, "dark": True}, "b": [3], "new": {"y": 0}}


async def test_what_is_left_out_leaves_the_settings_as_they_are(graph: Graph, world: World) -> None:
    await change(graph.database, world.atlas, settings={"a": 1})
    given = {"projectId": world.atlas.public_id, "name": "Globe"}
    payload = (await graph.data("ada", UPDATE, input=given))["updateProject"]
    assert payload["project"]["settings"] == {"a": 1}


async def test_settings_are_there_as_long_as_the_project_is(graph: Graph, world: World) -> None:
    given = {"projectId": world.atlas.public_id, "settings": None}
    assert await refusal(graph, "ada", UPDATE, **given) == ("BAD_USER_INPUT", "input.settings")


@pytest.mark.parametrize("patch", [[], [{"a": 1}], "dark", 1, True])
async def test_settings_are_an_object(graph: Graph, world: World, patch: Any) -> None:
    with pytest.raises(RequestError) as refused:
        await graph("ada", UPDATE, input={"projectId": world.atlas.public_id, "settings": patch})
    assert [error["extensions"]["code"] for error in refused.value.errors] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("text", ["a\0b", "\ud83d"])
@pytest.mark.parametrize("patch", [{"%": 1}, {"a": ["%"]}, {"a": {"b": "%"}}])
async def test_what_no_text_can_have_is_refused(graph: Graph, world: World, text: str, patch: Any) -> None:
    given = {"projectId": world.atlas.public_id, "settings": replaced(patch, text)}
    assert await refusal(graph, "ada", UPDATE, **given) == ("BAD_USER_INPUT", "input.settings")


async def test_a_number_beyond_all_is_refused(graph: Graph, world: World) -> None:
    given = {"projectId": world.atlas.public_id, "settings": {"a": [float("inf")]}}
    assert await refusal(graph, "ada", UPDATE, **given) == ("BAD_USER_INPUT", "input.settings")


async def test_all_settings_together_have_a_greatest_size(graph: Graph, world: World) -> None:
    half = "x" * 8_000
    assert await patched(graph, world, {"a": half, "b": half}) == {"a": half, "b": half}
    given = {"projectId": world.atlas.public_id, "settings": {"c": "x" * 1_000}}
    assert await refusal(graph, "ada", UPDATE, **given) == ("BAD_USER_INPUT", "input.settings")


async def test_patches_at_the_same_time_are_all_kept(graph: Graph, world: World) -> None:
    await asyncio.gather(*(patched(graph, world, {f"member {number}": number}) for number in range(6)))
    assert await patched(graph, world, {}) == {f"member {number}": number for number in range(6)}


def replaced(value: Any, text: str) -> Any:
    """The value with the text for every `%`."""
    match value:
        case dict():
            return {replaced(name, text): replaced(one, text) for name, one in value.items()}
        case list():
            return [replaced(one, text) for one in value]
    return text if value == "%" else value
