"""Lists: pages in both directions, cursors that hold, totals, filters, orders and search."""

from typing import Any

from tests.tour.conftest import Person
from tests.world import World

COMMITS = """
    query ($first: Int, $after: String, $last: Int, $before: String) {
      repository(fullName: "analytical/engine") {
        commits(first: $first, after: $after, last: $last, before: $before) {
          nodes { message }
          pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
      }
    }
"""
COMMENTS = """
    query ($thread: ID!, $first: Int, $after: String) {
      node(id: $thread) {
        ... on CommentThread {
          comments(first: $first, after: $after, orderBy: CREATED_AT_DESC) {
            totalCount
            edges { cursor node { content } }
          }
        }
      }
    }
"""


async def test_a_list_is_read_forward_page_by_page(ada: Person) -> None:
    first = await commits(ada, first=2)
    assert messages(first) == ["Change 3 (#1)", "Change 2 (#1)"]
    assert (first["pageInfo"]["hasPreviousPage"], first["pageInfo"]["hasNextPage"]) == (False, True)

    second = await commits(ada, first=2, after=first["pageInfo"]["endCursor"])
    assert messages(second) == ["Change 1 (#1)"]
    assert (second["pageInfo"]["hasPreviousPage"], second["pageInfo"]["hasNextPage"]) == (True, False)


async def test_a_list_is_read_backward_from_its_end_in_the_same_order(ada: Person) -> None:
    last = await commits(ada, last=2)
    assert messages(last) == ["Change 2 (#1)", "Change 1 (#1)"]
    assert (last["pageInfo"]["hasPreviousPage"], last["pageInfo"]["hasNextPage"]) == (True, False)

    before = await commits(ada, last=2, before=last["pageInfo"]["startCursor"])
    assert messages(before) == ["Change 3 (#1)"]
    assert (before["pageInfo"]["hasPreviousPage"], before["pageInfo"]["hasNextPage"]) == (False, True)


async def test_a_page_behind_the_end_is_empty_and_has_no_cursors(ada: Person) -> None:
    everything = await commits(ada, first=3)
    beyond = await commits(ada, first=3, after=everything["pageInfo"]["endCursor"])
    assert beyond["nodes"] == []
    assert (beyond["pageInfo"]["startCursor"], beyond["pageInfo"]["endCursor"]) == (None, None)


async def test_a_cursor_holds_its_place_while_others_write(ada: Person, ben: Person, world: World) -> None:
    thread = world.thread_0.public_id
    newest = (await ada.ask(COMMENTS, thread=thread, first=1))["node"]["comments"]["edges"][0]
    await say(ben, thread, "Newer than the newest")

    following = (await ada.ask(COMMENTS, thread=thread, first=1, after=newest["cursor"]))["node"]["comments"]
    assert newest["node"]["content"] == "ada on 2"
    assert [edge["node"]["content"] for edge in following["edges"]] == ["ben on 2"]


async def test_the_total_counts_all_pages(ada: Person, ben: Person, world: World) -> None:
    thread = world.thread_0.public_id
    assert (await ada.ask(COMMENTS, thread=thread, first=1))["node"]["comments"]["totalCount"] == 3
    await say(ben, thread, "One more")
    assert (await ada.ask(COMMENTS, thread=thread, first=1))["node"]["comments"]["totalCount"] == 4


async def test_a_list_inside_a_list_is_paged_for_each_parent_by_itself(ada: Person, world: World) -> None:
    query = """
        query ($document: ID!) {
          node(id: $document) {
            ... on SpecificationDocument {
              threads { nodes { comments(first: 1) { totalCount nodes { content } pageInfo { hasNextPage } } } }
            }
          }
        }
    """
    threads = (await ada.ask(query, document=world.requirements.public_id))["node"]["threads"]["nodes"]
    assert [thread["comments"] for thread in threads] == [
        {"totalCount": 3, "nodes": [{"content": "ada on 0"}], "pageInfo": {"hasNextPage": True}},
        {"totalCount": 3, "nodes": [{"content": "ada on 2"}], "pageInfo": {"hasNextPage": True}},
    ]


async def test_a_filter_keeps_what_meets_all_of_its_conditions(ines: Person) -> None:
    query = """
        query ($filter: CourseFilter) {
          courses(filter: $filter, orderBy: TITLE_ASC) { totalCount nodes { title } }
        }
    """

    async def titles(**conditions: Any) -> list[str]:
        courses = (await ines.ask(query, filter=conditions))["courses"]
        assert courses["totalCount"] == len(courses["nodes"])
        return [course["title"] for course in courses["nodes"]]

    assert await titles() == ["Draft", "Logic", "Rhetoric"]
    assert await titles(published=True) == ["Logic", "Rhetoric"]
    assert await titles(published=True, price={"max": "10.00"}) == ["Logic"]
    assert await titles(published=True, price={"max": "10.00"}, difficulty=["EXPERT", "ADVANCED"]) == []


async def test_a_list_is_sorted_by_what_you_choose(guest: Person) -> None:
    query = "query ($by: CourseOrder!) { courses(orderBy: $by) { nodes { title } } }"

    async def titles(by: str) -> list[str]:
        return [course["title"] for course in (await guest.ask(query, by=by))["courses"]["nodes"]]

    assert await titles("TITLE_ASC") == ["Logic", "Rhetoric"]
    assert await titles("TITLE_DESC") == ["Rhetoric", "Logic"]
    assert await titles("PRICE_DESC") == ["Rhetoric", "Logic"]


async def test_search_understands_words_phrases_and_exclusions(ada: Person) -> None:
    query = "query ($text: String!) { projects(filter: {search: $text}) { nodes { name } } }"

    async def finds(text: str) -> bool:
        return bool((await ada.ask(query, text=text))["projects"]["nodes"])

    assert await finds("atlas")
    assert await finds("mapping")
    assert await finds('"maps of everything"')
    assert await finds("island or atlas")
    assert not await finds('"everything of maps"')
    assert not await finds("atlas -maps")


async def commits(person: Person, **window: Any) -> Any:
    return (await person.ask(COMMITS, **window))["repository"]["commits"]


def messages(page: Any) -> list[str]:
    return [commit["message"] for commit in page["nodes"]]


async def say(person: Person, thread: str, content: str) -> None:
    mutation = "mutation ($input: AddCommentInput!) { addComment(input: $input) { errors { code } } }"
    await person.ask(mutation, input={"threadId": thread, "content": content})
