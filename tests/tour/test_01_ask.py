"""Asking: what one operation can say, and how everything has a name. Begin here."""

from tests.tour.conftest import Person
from tests.world import World


async def test_anybody_can_ask_for_the_catalogue_of_courses(guest: Person) -> None:
    data = await guest.ask("{ courses(orderBy: TITLE_ASC) { nodes { title price currency instructor { name } } } }")
    assert data["courses"]["nodes"] == [
        {"title": "Logic", "price": "0.00", "currency": "USD", "instructor": {"name": "Ines"}},
        {"title": "Rhetoric", "price": "49.90", "currency": "USD", "instructor": {"name": "Ines"}},
    ]


async def test_the_viewer_is_who_asks(guest: Person, ada: Person) -> None:
    assert await ada.ask("{ viewer { name email } }") == {"viewer": {"name": "Ada", "email": "ada@example.com"}}
    assert await guest.ask("{ viewer { name email } }") == {"viewer": None}


async def test_one_operation_reads_projects_documents_threads_comments_and_authors(ada: Person) -> None:
    data = await ada.ask("""
        {
          projects {
            nodes {
              name
              documents(first: 3) {
                nodes {
                  phase
                  threads(first: 10) {
                    nodes {
                      position { line }
                      comments(first: 5) { nodes { content author { name } } }
                    }
                  }
                }
              }
            }
          }
        }
    """)

    def said(line: int) -> dict[str, object]:
        people = ("ada", "ben", "ada")
        return {"nodes": [{"content": f"{who} on {line}", "author": {"name": who.capitalize()}} for who in people]}

    [atlas] = data["projects"]["nodes"]
    [requirements, design] = atlas["documents"]["nodes"]
    assert atlas["name"] == "Atlas"
    assert requirements == {
        "phase": "REQUIREMENTS",
        "threads": {
            "nodes": [
                {"position": {"line": 0}, "comments": said(line=0)},
                {"position": {"line": 2}, "comments": said(line=2)},
            ]
        },
    }
    assert design == {
        "phase": "DESIGN",
        "threads": {"nodes": [{"position": {"line": 1}, "comments": {"nodes": []}}]},
    }


async def test_the_same_operation_crosses_from_one_system_to_the_next(sam: Person, ada: Person) -> None:
    work = await ada.ask("""
        {
          viewer {
            projects {
              nodes {
                name
                repository { fullName pullRequests { nodes { title author { name } commits { totalCount } } } }
              }
            }
          }
        }
    """)
    [atlas] = work["viewer"]["projects"]["nodes"]
    assert atlas["repository"] == {
        "fullName": "analytical/engine",
        "pullRequests": {
            "nodes": [{"title": "Change it", "author": {"name": "Ada"}, "commits": {"totalCount": 3}}],
        },
    }
    learning = await sam.ask("{ viewer { enrollments { nodes { course { title } progress { progressPercent } } } } }")
    assert learning["viewer"]["enrollments"]["nodes"] == [
        {"course": {"title": "Logic"}, "progress": {"progressPercent": 25}}
    ]


async def test_an_alias_asks_for_the_same_field_twice(guest: Person) -> None:
    data = await guest.ask("""
        {
          free: courses(filter: {price: {max: "0"}}) { nodes { title } }
          paid: courses(filter: {price: {min: "0.01"}}) { nodes { title } }
        }
    """)
    assert data == {"free": {"nodes": [{"title": "Logic"}]}, "paid": {"nodes": [{"title": "Rhetoric"}]}}


async def test_a_fragment_says_once_what_is_shown_in_many_places(ada: Person, world: World) -> None:
    query = """
        query ($project: ID!) {
          project(id: $project) {
            owner { ...Face }
            members { nodes { role user { ...Face } } }
          }
        }
        fragment Face on User { name avatarUrl }
    """
    data = await ada.ask(query, project=world.atlas.public_id)
    assert data["project"]["owner"] == {"name": "Ada", "avatarUrl": None}
    assert data["project"]["members"]["nodes"] == [
        {"role": "MEMBER", "user": {"name": "Ben", "avatarUrl": None}},
        {"role": "VIEWER", "user": {"name": "Vera", "avatarUrl": None}},
        {"role": "MEMBER", "user": {"name": "Rob", "avatarUrl": None}},
    ]


async def test_a_variable_decides_what_is_included(guest: Person) -> None:
    query = """
        query ($withText: Boolean = false) {
          course(slug: "logic") { title description @include(if: $withText) }
        }
    """
    assert await guest.ask(query) == {"course": {"title": "Logic"}}
    assert await guest.ask(query, withText=True) == {"course": {"title": "Logic", "description": "All of logic"}}


async def test_an_object_is_found_by_its_id_or_by_a_name_that_is_its_own(ada: Person, world: World) -> None:
    query = """
        query ($id: ID!) {
          byId: course(id: $id) { slug }
          bySlug: course(slug: "logic") { slug }
          organization(slug: "analytical") { name }
          repository(fullName: "analytical/engine") { name }
        }
    """
    assert await ada.ask(query, id=world.logic.public_id) == {
        "byId": {"slug": "logic"},
        "bySlug": {"slug": "logic"},
        "organization": {"name": "Analytical"},
        "repository": {"name": "engine"},
    }


async def test_every_id_is_unique_in_the_whole_graph_and_node_finds_what_it_stands_for(ada: Person) -> None:
    data = await ada.ask('{ projects { nodes { id } } courses(filter: {search: "logic"}) { nodes { id } } }')
    query = """
        query ($id: ID!) {
          node(id: $id) {
            __typename
            id
            ... on SpecificationProject { name }
            ... on Course { title }
          }
        }
    """
    [project], [course] = data["projects"]["nodes"], data["courses"]["nodes"]
    assert (await ada.ask(query, **project))["node"] == {
        "__typename": "SpecificationProject",
        "name": "Atlas",
        **project,
    }
    assert (await ada.ask(query, **course))["node"] == {"__typename": "Course", "title": "Logic", **course}


async def test_nodes_keep_the_order_of_their_ids_with_null_for_what_is_not_there(ada: Person, world: World) -> None:
    ids = [world.logic.public_id, "crs_00000000000000000000000000000000", world.ada.public_id, world.logic.public_id]
    data = await ada.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename } }", ids=ids)
    assert data["nodes"] == [{"__typename": "Course"}, None, {"__typename": "User"}, {"__typename": "Course"}]


async def test_numbers_come_from_the_database_without_the_rows_behind_them(ada: Person, world: World) -> None:
    query = """
        query ($project: ID!) {
          project(id: $project) { commentCount documents { nodes { wordCount versions { totalCount } } } }
          course(slug: "logic") { lessonCount }
        }
    """
    assert await ada.ask(query, project=world.atlas.public_id) == {
        "project": {
            "commentCount": 6,
            "documents": {"nodes": [{"wordCount": 8, "versions": {"totalCount": 2}}] * 2},
        },
        "course": {"lessonCount": 4},
    }


async def test_the_graph_explains_itself(guest: Person) -> None:
    data = await guest.ask('{ __type(name: "SpecificationDocument") { description fields { name description } } }')
    described = {field["name"]: field["description"] for field in data["__type"]["fields"]}
    assert "requirements" in data["__type"]["description"]
    assert described["version"] == "Grows by one with every save. Send it back as `expectedVersion` when you save."
    assert all(described.values())
