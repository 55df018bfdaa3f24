"""Pages of lists: where they begin and end, in both directions, and what they cost."""

from typing import Any

from sqlalchemy import update

from db import tables
from db.access import GUEST
from db.engine import Database
from tests.conftest import Graph
from tests.graphql_schema.asking import error_code
from tests.world import World

INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
PAGE = f"nodes {{ title }} edges {{ cursor node {{ title }} }} {INFO} totalCount"
TITLES = ["Draft", "Logic", "Rhetoric"]


async def page(graph: Graph, *, order: str = "TITLE_ASC", **arguments: Any) -> Any:
    """A page of the three courses, as the administrator sees them."""
    query = f"""
        query ($first: Int, $after: String, $last: Int, $before: String) {{
            courses(orderBy: {order}, first: $first, after: $after, last: $last, before: $before) {{ {PAGE} }}
        }}
    """
    return (await graph.data("root", query, **arguments))["courses"]


def titles(found: Any) -> list[str]:
    return [node["title"] for node in found["nodes"]]


def borders(found: Any) -> tuple[bool, bool]:
    return found["pageInfo"]["hasPreviousPage"], found["pageInfo"]["hasNextPage"]


async def test_a_page_from_the_start(graph: Graph) -> None:
    found = await page(graph, first=2)
    assert titles(found) == TITLES[:2]
    assert borders(found) == (False, True)
    assert found["totalCount"] == 3


async def test_a_page_that_ends_exactly_at_the_border_has_no_next(graph: Graph) -> None:
    assert borders(await page(graph, first=3)) == (False, False)
    found = await page(graph, first=2)
    rest = await page(graph, first=1, after=found["pageInfo"]["endCursor"])
    assert titles(rest) == TITLES[2:]
    assert borders(rest) == (True, False)


async def test_a_page_from_the_end_is_in_the_order_of_the_list(graph: Graph) -> None:
    found = await page(graph, last=2)
    assert titles(found) == TITLES[1:]
    assert borders(found) == (True, False)
    rest = await page(graph, last=2, before=found["pageInfo"]["startCursor"])
    assert titles(rest) == TITLES[:1]
    assert borders(rest) == (False, True)
    assert borders(await page(graph, last=3)) == (False, False)


async def test_a_page_behind_the_end_is_empty(graph: Graph) -> None:
    cursors = [edge["cursor"] for edge in (await page(graph, first=3))["edges"]]
    for arguments in ({"first": 2, "after": cursors[-1]}, {"last": 2, "before": cursors[0]}):
        found = await page(graph, **arguments)
        assert titles(found) == []
        assert found["edges"] == []
        assert found["totalCount"] == 3
        assert (found["pageInfo"]["startCursor"], found["pageInfo"]["endCursor"]) == (None, None)


async def test_edges_nodes_and_borders_tell_the_same(graph: Graph) -> None:
    for found in (await page(graph, first=2), await page(graph, last=2)):
        assert [edge["node"]["title"] for edge in found["edges"]] == titles(found)
        ends = [found["edges"][0]["cursor"], found["edges"][-1]["cursor"]]
        assert [found["pageInfo"]["startCursor"], found["pageInfo"]["endCursor"]] == ends


async def test_the_pages_put_together_are_the_list(graph: Graph) -> None:
    """All courses were made at one moment and two cost the same: ties are broken the same way in both directions."""
    for order in ("CREATED_AT_ASC", "CREATED_AT_DESC", "PRICE_ASC", "PRICE_DESC", "TITLE_DESC"):
        whole = titles(await page(graph, first=100, order=order))
        assert sorted(whole) == TITLES
        for size in (1, 2):
            assert await walk(graph, order, size, "first", "after", "endCursor", "hasNextPage") == whole
            assert (await walk(graph, order, size, "last", "before", "startCursor", "hasPreviousPage"))[::-1] == whole


async def walk(graph: Graph, order: str, size: int, count: str, border: str, end: str, more: str) -> list[str]:
    """The titles on all pages in one direction, in the order in which they are met."""
    met, cursor = list[str](), None
    while True:
        found = await page(graph, order=order, **{count: size, border: cursor})
        met += titles(found) if count == "first" else titles(found)[::-1]
        if not found["pageInfo"][more]:
            return met
        cursor = found["pageInfo"][end]


async def test_a_cursor_is_a_place_whatever_comes_and_goes_around_it(
    graph: Graph, database: Database, world: World
) -> None:
    found = await page(graph, first=2)
    cursor = found["pageInfo"]["endCursor"]
    async with database.work(GUEST) as work:
        await work.execute(update(tables.Course).where(tables.Course.id == world.logic.id).values(title="Able"))
        for slug in ("abacus", "music"):
            await work.add(tables.Course(slug=slug, title=slug.capitalize(), description="", difficulty="BEGINNER"))
    assert titles(await page(graph, first=9, after=cursor)) == ["Music", "Rhetoric"]
    assert titles(await page(graph, last=9, before=cursor)) == ["Abacus", "Able", "Draft"]


async def test_twenty_items_are_a_page_unless_one_says_otherwise(
    graph: Graph, database: Database, world: World
) -> None:
    async with database.work(GUEST) as work:
        for number in range(30):
            await work.add(tables.SpecificationProject(name=f"{number:02}", owner_id=world.ada.id))
    query = "{ projects(orderBy: NAME_ASC%s) { nodes { name } pageInfo { hasNextPage } totalCount } }"
    found = (await graph.data("ada", query % ""))["projects"]
    assert [node["name"] for node in found["nodes"]] == [f"{number:02}" for number in range(20)]
    assert (found["pageInfo"], found["totalCount"]) == ({"hasNextPage": True}, 31)
    # A page backward from the end is as long, if only its border is given.
    backward = "{ projects(orderBy: NAME_ASC, before: %s) { nodes { name } } }"
    last = (await graph.data("ada", "{ projects(orderBy: NAME_ASC, last: 1) { edges { cursor } } }"))["projects"]
    border = f'"{last["edges"][0]["cursor"]}"'
    assert len((await graph.data("ada", backward % border))["projects"]["nodes"]) == 20


NONSENSE = [
    "first: 0",
    "first: -1",
    "first: 101",
    "last: 0",
    "last: 101",
    "first: 1, last: 1",
    'first: 1, before: "x"',
    'last: 1, after: "x"',
    'after: "x", before: "x"',
]


async def test_a_page_that_makes_no_sense_is_refused(graph: Graph) -> None:
    for arguments in NONSENSE:
        answer = await graph("root", f"{{ courses({arguments}) {{ nodes {{ id }} }} }}")
        assert answer["data"] is None
        (error,) = answer["errors"]
        assert (error["extensions"]["code"], error["path"][0]) == ("BAD_USER_INPUT", "courses"), arguments


async def test_an_empty_text_is_no_cursor(graph: Graph) -> None:
    for arguments in ('after: ""', 'before: ""', 'first: 1, after: ""'):
        assert await error_code(graph, "root", f"{{ courses({arguments}) {{ totalCount }} }}") == "BAD_CURSOR"


async def test_null_is_the_same_as_nothing(graph: Graph) -> None:
    for arguments in ("first: null", "first: null, after: null", "before: null", "orderBy: null, filter: null"):
        query = f"{{ courses({arguments}) {{ nodes {{ title }} }} all: courses {{ nodes {{ title }} }} }}"
        found = await graph.data("root", query)
        assert found["courses"] == found["all"], arguments


async def test_each_parent_has_a_page_of_its_own(graph: Graph) -> None:
    lessons = "lessons(first: 1) { nodes { title } }"
    query = f"{{ courses(orderBy: TITLE_ASC) {{ nodes {{ modules(last: 1) {{ nodes {{ title {lessons} }} }} }} }} }}"
    found = (await graph.data("root", query))["courses"]["nodes"]
    modules = [course["modules"]["nodes"] for course in found]
    assert [[module["title"] for module in page] for page in modules] == [["draft 2"], ["logic 2"], ["rhetoric 2"]]
    assert [lesson["title"] for page in modules for lesson in page[0]["lessons"]["nodes"]] == ["2.1", "2.1", "2.1"]


async def test_the_same_list_under_two_names_has_two_pages(graph: Graph) -> None:
    few, many = "few: courses(first: 1, orderBy: TITLE_ASC)", "many: courses(first: 3, orderBy: TITLE_DESC)"
    fragment = "fragment page on CourseConnection { nodes { title } totalCount }"
    found = await graph.data("root", f"{{ {few} {{ ...page }} {many} {{ ...page }} }} {fragment}")
    assert (titles(found["few"]), titles(found["many"])) == (TITLES[:1], TITLES[::-1])
    assert found["few"]["totalCount"] == found["many"]["totalCount"] == 3


async def test_items_are_counted_only_when_asked_for(graph: Graph) -> None:
    await graph.data("root", "{ courses { nodes { title } } }")
    assert not any("count(" in statement.lower() for statement in graph.statements)
    await graph.data("root", "{ courses { totalCount } }")
    assert any("count(" in statement.lower() for statement in graph.statements)
    assert not any("title" in statement.lower() for statement in graph.statements)


async def test_a_total_counts_what_meets_the_filter_on_all_pages(graph: Graph) -> None:
    query = '{ courses(first: 1, filter: { price: { max: "0" } }) { nodes { title } totalCount } }'
    assert (await graph.data("root", query))["courses"]["totalCount"] == 2
