"""One answer for all who hear an event is what each of them would read: for every event, type and viewer there is."""

from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, is_required_argument
from strawberry import ID
from strawberry.utils.str_converters import to_camel_case

from db.access import Viewer
from db.errors import HistoryGap
from db.outbox import Event
from graphql_schema.core.context import Context, Feed
from graphql_schema.core.strawberry_seam import declared_of
from graphql_schema.execution import Request
from graphql_schema.execution.deadline import Deadline
from graphql_schema.live.hearing import Asked, Hearing
from graphql_schema.schema import schema
from tests.conftest import Graph, Heard
from tests.world import PEOPLE, World

CORE = schema.core
SUBSCRIPTIONS = CORE.subscription_type.fields if CORE.subscription_type else {}
SCOPES = (frozenset[str](), frozenset({"specs:read"}))


def selection(type_: Any, depth: int = 2) -> str:
    """All of a type that takes no arguments, and below its edges again; of a connection how many there are."""
    return " ".join(_selected(get_named_type(type_), depth))


def _selected(type_: GraphQLObjectType, depth: int) -> Iterator[str]:
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        if any(map(is_required_argument, field.args.values())):
            continue
        if is_leaf_type(named):
            yield name
        elif isinstance(named, GraphQLObjectType) and "totalCount" in named.fields:
            yield f"{name} {{ totalCount }}"
        elif isinstance(named, GraphQLObjectType) and depth > 1:
            yield f"{name} {{ {selection(named, depth - 1)} }}"


def viewers(world: World) -> dict[str, Viewer]:
    """Everybody, a guest, and people with credentials that allow less."""
    whole = {name: world.viewer(name) for name in (*PEOPLE, None)}
    narrow = {f"{name} {n}": replace(whole[name], scopes=some) for name in PEOPLE for n, some in enumerate(SCOPES)}
    return {str(name): viewer for name, viewer in (whole | narrow).items()}


def shown_by(field: Any) -> dict[str, Any]:
    """The tables of the rows that the events of a subscription name; none where it has states, each read by itself."""
    found = declared_of(field)
    return {key: table for key, table in found.declared.shown.items() if table is not ID} if found else {}


def happenings(name: str, world: World) -> Iterator[Event]:
    """Events of a subscription that name, one after the other, all rows of the world that it can name."""
    shown = shown_by(SUBSCRIPTIONS[name])
    rows = {key: [row for row in world.rows.values() if type(row) is table] for key, table in shown.items()}
    kinds = declared_of(SUBSCRIPTIONS[name]).declared.kinds  # type: ignore[union-attr]
    for number in range(max(map(len, rows.values()))):
        ids = {key: some[number % len(some)].public_id for key, some in rows.items()}
        yield Event("project:1", next(iter(kinds)).value, ids, number + 1)


@pytest.mark.parametrize("name", [name for name, field in SUBSCRIPTIONS.items() if shown_by(field)])
async def test_a_shared_answer_is_what_each_viewer_reads(graph: Graph, world: World, name: str) -> None:
    event_type = get_named_type(SUBSCRIPTIONS[name].type)
    assert isinstance(event_type, GraphQLObjectType)
    types = {
        key: field.type for key, field in event_type.fields.items() if not is_leaf_type(get_named_type(field.type))
    }
    rows = {key: selection(type_) for key, type_ in types.items()}
    selected = " ".join(f"{key} {{ {inner} }}" for key, inner in rows.items())
    declared = declared_of(SUBSCRIPTIONS[name]).declared  # type: ignore[union-attr]
    named = next((row for row in world.rows.values() if type(row) is declared.of), world.atlas)
    arguments = ", ".join(
        f'{key}: "{named.public_id}"' for key, one in SUBSCRIPTIONS[name].args.items() if is_required_argument(one)
    )
    given = f"({arguments})" if arguments else ""
    operation = graph.executor.prepare(Request(f"subscription {{ {name}{given} {{ {selected} }} }}"))
    hearing = Hearing(operation, Feed("project:1"), Deadline(60))
    contexts: dict[Hashable, Context] = {
        who: Context(viewer, graph.database, Heard())
        for who, viewer in viewers(world).items()
        # Others hear nothing of their own.
        if not declared.own or (viewer.id and viewer.has_scope(declared.scope))
    }
    declarations = ", ".join(f"${key}: ID!" for key in rows)
    parts = [
        f"{key}: node(id: ${key}) {{ ... on {get_named_type(types[key])} {{ {inner} }} }}"
        for key, inner in rows.items()
    ]
    query = f"query ({declarations}) {{ {' '.join(parts)} }}"
    for event in happenings(name, world):
        (found,) = await hearing.answers([Asked(event, contexts)])
        assert not isinstance(found, HistoryGap)
        told = {who: orjson.loads(orjson.dumps(heard.answer)) for heard in found for who in heard.viewers}
        assert told.keys() == contexts.keys()
        named_ids = {to_camel_case(key): public_id for key, public_id in event.ids.items()}
        for who, context in contexts.items():
            asked = graph.executor.prepare(Request(query, variables={key: named_ids[key] for key in rows}))
            own = await graph.executor.execute(asked, replace(context))
            assert told[who]["data"][name] == orjson.loads(orjson.dumps(own))["data"], (who, event)
