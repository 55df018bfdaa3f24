"""Who sees what: what is not yours to see does not exist for you, wherever you ask."""

from typing import Any

from tests.tour.conftest import Person
from tests.world import World

PROJECTS = "{ projects { totalCount nodes { name } } }"
COURSES = "{ courses(orderBy: TITLE_ASC) { totalCount nodes { title } } }"
REPOSITORIES = "{ repositories { totalCount nodes { name } } }"
LESSON = "query ($id: ID!) { node(id: $id) { ... on Lesson { title content } } }"


async def test_a_guest_sees_the_catalogue_and_nothing_else(guest: Person) -> None:
    assert await names(guest, COURSES) == ["Logic", "Rhetoric"]
    assert await names(guest, PROJECTS) == []
    assert await names(guest, REPOSITORIES) == []
    assert await names(guest, "{ organizations { totalCount nodes { name } } }") == []


async def test_a_project_is_seen_by_its_owner_and_its_active_members(
    ada: Person, ben: Person, vera: Person, rob: Person, olga: Person
) -> None:
    assert await names(ada, PROJECTS) == ["Atlas"]
    assert await names(ben, PROJECTS) == ["Atlas"]
    assert await names(vera, PROJECTS) == ["Atlas"]
    assert await names(rob, PROJECTS) == []
    assert await names(olga, PROJECTS) == ["Island"]


async def test_what_you_may_not_see_looks_like_what_does_not_exist(olga: Person, world: World) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } }"
    unknown = await olga.answer(query, id="prj_00000000000000000000000000000000")
    for hidden in (
        world.atlas,
        world.requirements,
        world.thread_0,
        world.comment,
        world.engine,
        world.draft,
        world.ada,
    ):
        assert await olga.answer(query, id=hidden.public_id) == unknown == {"data": {"node": None}}


async def test_a_list_and_its_total_hold_only_what_you_see(ada: Person, ben: Person) -> None:
    query = '{ organization(slug: "analytical") { repositories { totalCount nodes { name } } } }'
    assert (await ada.ask(query))["organization"]["repositories"]["totalCount"] == 2
    assert (await ben.ask(query))["organization"]["repositories"] == {"totalCount": 1, "nodes": [{"name": "engine"}]}


async def test_a_restricted_repository_is_kept_from_ordinary_members(ada: Person, ben: Person, vera: Person) -> None:
    assert await names(ada, REPOSITORIES) == ["engine", "vault"]
    assert await names(ben, REPOSITORIES) == ["engine"]
    assert await names(vera, REPOSITORIES) == ["engine"]
    vault = '{ repository(fullName: "analytical/vault") { name } }'
    assert await ada.ask(vault) == {"repository": {"name": "vault"}}
    assert await ben.ask(vault) == {"repository": None}


async def test_a_draft_is_seen_by_its_instructor_alone(ines: Person, sam: Person) -> None:
    assert await names(ines, COURSES) == ["Draft", "Logic", "Rhetoric"]
    assert await names(sam, COURSES) == ["Logic", "Rhetoric"]
    assert await sam.ask('{ course(slug: "draft") { title } }') == {"course": None}


async def test_the_text_of_a_lesson_that_costs_is_for_who_takes_the_course(
    guest: Person, sam: Person, ines: Person, world: World
) -> None:
    free, paid = world.logic_1_1.public_id, world.rhetoric_1_1.public_id
    assert (await guest.ask(LESSON, id=free))["node"] == {"title": "1.1", "content": "Text"}
    assert (await sam.ask(LESSON, id=paid))["node"] == {"title": "1.1", "content": None}
    assert (await ines.ask(LESSON, id=paid))["node"] == {"title": "1.1", "content": "Text"}


async def test_people_are_seen_by_what_they_did_and_their_address_by_themselves_alone(
    ada: Person, ben: Person, olga: Person, world: World
) -> None:
    query = "query ($id: ID!) { node(id: $id) { ... on User { name email } } }"
    assert (await ada.ask(query, id=world.ada.public_id))["node"] == {"name": "Ada", "email": "ada@example.com"}
    assert (await ben.ask(query, id=world.ada.public_id))["node"] == {"name": "Ada", "email": None}
    assert (await olga.ask(query, id=world.ada.public_id))["node"] is None


async def test_an_edge_shows_as_much_of_a_person_as_you_see_from_anywhere_else(ada: Person, ben: Person) -> None:
    query = "{ projects { nodes { owner { name commits { totalCount } sessions { totalCount } } } } }"
    [atlas] = (await ada.ask(query))["projects"]["nodes"]
    assert atlas["owner"] == {"name": "Ada", "commits": {"totalCount": 6}, "sessions": {"totalCount": 1}}
    [atlas] = (await ben.ask(query))["projects"]["nodes"]
    assert atlas["owner"] == {"name": "Ada", "commits": {"totalCount": 3}, "sessions": {"totalCount": 0}}


async def test_progress_is_seen_by_the_learner_and_the_teacher(sam: Person, ines: Person, ada: Person) -> None:
    query = (
        '{ course(slug: "logic") { enrollments { totalCount nodes { user { name } progress { progressPercent } } } } }'
    )
    sams = {"totalCount": 1, "nodes": [{"user": {"name": "Sam"}, "progress": {"progressPercent": 25}}]}
    assert (await sam.ask(query))["course"]["enrollments"] == sams
    assert (await ines.ask(query))["course"]["enrollments"] == sams
    assert (await ada.ask(query))["course"]["enrollments"] == {"totalCount": 0, "nodes": []}


async def test_an_administrator_of_the_platform_sees_everything(root: Person) -> None:
    assert await names(root, COURSES) == ["Draft", "Logic", "Rhetoric"]
    assert sorted(await names(root, PROJECTS)) == ["Atlas", "Island"]
    assert await names(root, REPOSITORIES) == ["engine", "vault", "shore"]


async def names(person: Person, query: str) -> list[str]:
    """The names in the list of an answer, which is as long as its total says."""
    [listed] = (await person.ask(query)).values()
    found: list[Any] = [next(iter(node.values())) for node in listed["nodes"]]
    assert listed["totalCount"] == len(found)
    return found
