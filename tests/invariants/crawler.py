"""Walks the graph as somebody and collects the ids of all that they come to see."""

from collections import defaultdict
from typing import Any

from tests.conftest import Graph
from tests.invariants.schema import ROOTS, Edge, edges

Found = dict[str, set[str]]
"""Public ids by the type of what they name."""

LARGEST_BATCH = 100


async def crawl(graph: Graph, who: str | None) -> Found:
    """All that can be reached from the root over any number of edges, one edge an operation."""
    found: Found = defaultdict(set)
    roots = [edge for edge in ROOTS if edge.is_for(graph.world.viewer(who))]
    data = await graph.data(who, f"{{ {' '.join(edge.select() for edge in roots)} }}")
    waiting = [(edge.target, child["id"]) for edge in roots for child in edge.follow(data)]
    while waiting:
        new: Found = defaultdict(set)
        for type_name, public_id in waiting:
            if public_id not in found[type_name]:
                new[type_name].add(public_id)
        for type_name, ids in new.items():
            found[type_name] |= ids
        waiting = [step for type_name, ids in new.items() for step in await _around(graph, who, type_name, ids)]
    return found


async def descend(graph: Graph, who: str | None) -> Found:
    """All that can be reached from the root in operations of three levels."""
    found: Found = defaultdict(set)
    for first in (edge for edge in ROOTS if edge.is_for(graph.world.viewer(who))):
        for second in edges(first.target):
            third = edges(second.target)
            selection = first.select(f"id {second.select(f'id {_all(third)}')}")
            data = await graph.data(who, f"{{ {selection} }}")
            for one in _note(found, first, data):
                for two in _note(found, second, one):
                    for edge in third:
                        _note(found, edge, two)
    return found


async def look_up(graph: Graph, who: str | None, type_name: str, ids: set[str], selection: str) -> list[dict[str, Any]]:
    """The objects of a type with these ids, as far as they are seen."""
    query = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on {type_name} {{ {selection} }} }} }}"
    waiting, found = sorted(ids), []
    while waiting:
        batch, waiting = waiting[:LARGEST_BATCH], waiting[LARGEST_BATCH:]
        found += [node for node in (await graph.data(who, query, ids=batch))["nodes"] if node]
    return found


async def _around(graph: Graph, who: str | None, type_name: str, ids: set[str]) -> list[tuple[str, str]]:
    ways = edges(type_name)
    nodes = await look_up(graph, who, type_name, ids, _all(ways))
    return [(edge.target, child["id"]) for node in nodes for edge in ways for child in edge.follow(node)]


def _note(found: Found, edge: Edge, source: dict[str, Any]) -> list[dict[str, Any]]:
    children = edge.follow(source)
    found[edge.target] |= {child["id"] for child in children}
    return children


def _all(ways: list[Edge]) -> str:
    return " ".join(edge.select() for edge in ways) or "__typename"
