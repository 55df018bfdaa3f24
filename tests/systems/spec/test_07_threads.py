"""SPEC 7: a thread stays with the words that it is about, whatever becomes of the text, and may propose others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select, text

from db import tables
from db.actions import documents, threads
from db.texts.comparing import compare
from db.texts.places import Place
from db.write import Work
from tests.conftest import Graph
from tests.db.waiting import until
from tests.graphql_schema.asking import change, done, refusal
from tests.world import World

PLACE = "{ line character }"
ANCHOR = f"""anchor {{
    state position {PLACE} end {PLACE} rewritten
    original {{ version position {PLACE} end {PLACE} quote }}
}}"""
OPEN = f"""
    mutation ($input: OpenThreadInput!) {{
      openThread(input: $input) {{
        thread {{ id position {PLACE} {ANCHOR} }}
        comment {{ id suggestion {{ id original replacement documentVersion isApplied }} }}
        errors {{ code message path }}
      }}
    }}
"""
THREADS = f"""
    query ($id: ID!) {{
      node(id: $id) {{ ... on SpecificationDocument {{ threads {{ nodes {{ id position {PLACE} {ANCHOR} }} }} }} }}
    }}
"""
EDIT = "mutation ($input: EditDocumentInput!) { editDocument(input: $input) { document { version } errors { code } } }"
COMMENT = """
    mutation ($input: AddCommentInput!) {
      addComment(input: $input) {
        comment { suggestion { id original replacement documentVersion } }
        errors { code message path }
      }
    }
"""
APPLY = """
    mutation ($input: ApplySuggestionInput!) {
      applySuggestion(input: $input) {
        document { version content currentVersion { summary author { name } } }
        suggestion { id isApplied appliedAt appliedVersion appliedBy { name } comment { thread { status } } }
        errors { code message path }
      }
    }
"""
TEXT = "# Requirements\n\nThe user shall find every place.\n"
"""The requirements of the world, as their version 2 has them."""


async def opened(graph: Graph, world: World, line: int, character: int = 0, **more: Any) -> Any:
    place = {"line": line, "character": character}
    given = {"documentId": world.requirements.public_id, "position": place, "content": "Why?", **more}
    return await done(graph, "ben", OPEN, **given)


async def save(graph: Graph, world: World, content: str, expected: int) -> None:
    given = {"documentId": world.requirements.public_id, "content": content, "expectedVersion": expected}
    await done(graph, "ada", EDIT, **given)


async def anchor(graph: Graph, world: World, opened: Any) -> Any:
    """The anchor of a thread as it is now; one that is compiled and one that is resolved are the same."""
    found = (await graph.data("vera", THREADS, id=world.requirements.public_id))["node"]["threads"]["nodes"]
    [thread] = [one for one in found if one["id"] == opened["thread"]["id"]]
    assert thread["position"] == thread["anchor"]["position"]
    return thread["anchor"]


async def opened_in(work: Work, world: World) -> tables.CommentThread:
    """Open a thread about the word `user` in a transaction that goes on."""
    document = await work.get(tables.SpecificationDocument, world.requirements.public_id, at="id", lock=True)
    about = await threads.seen(work, document, Place(2, 4), Place(2, 8), None)
    thread, _ = await threads.open_thread(work, document, about, content="Why?", replacement=None)
    await work.flush()
    return thread


def place(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


async def test_07_a_thread_quotes_what_it_is_about_to_the_end_of_its_line(graph: Graph, world: World) -> None:
    found = (await opened(graph, world, 2, 4))["thread"]
    original = {
        "version": 2,
        "position": place(2, 4),
        "end": place(2, 32),
        "quote": "user shall find every place.",
    }
    assert found["position"] == place(2, 4)
    assert found["anchor"] == {
        "state": "EXACT",
        "position": place(2, 4),
        "end": place(2, 32),
        "rewritten": None,
        "original": original,
    }


async def test_07_a_thread_goes_with_its_words_and_an_undo_brings_it_back(graph: Graph, world: World) -> None:
    thread = await opened(graph, world, 2, 4, end=place(2, 8))
    first = thread["thread"]["anchor"]
    await save(graph, world, f"A title\n\n{TEXT}", 2)
    moved = await anchor(graph, world, thread)
    assert (moved["state"], moved["position"], moved["end"]) == ("MOVED", place(4, 4), place(4, 8))
    assert moved["original"] == first["original"]
    await save(graph, world, "# Requirements\n", 3)
    gone = await anchor(graph, world, thread)
    assert (gone["state"], gone["position"]) == ("OUTDATED", gone["end"])
    await save(graph, world, TEXT, 4)
    assert await anchor(graph, world, thread) == first


async def test_07_words_that_read_differently_keep_their_thread_which_shows_both(graph: Graph, world: World) -> None:
    thread = await opened(graph, world, 2)
    await save(graph, world, TEXT.replace("find every", "quickly find each"), 2)
    found = await anchor(graph, world, thread)
    assert found["state"] == "MOVED"
    assert found["original"]["quote"] == "The user shall find every place."
    assert found["rewritten"] == "The user shall quickly find each place."


async def test_07_a_thread_that_is_settled_goes_along_too(graph: Graph, world: World) -> None:
    thread = await opened(graph, world, 2)
    settled = "mutation ($input: ThreadInput!) { resolveThread(input: $input) { errors { code } } }"
    await done(graph, "ada", settled, threadId=thread["thread"]["id"])
    await save(graph, world, f"More\n{TEXT}", 2)
    assert (await anchor(graph, world, thread))["position"] == place(3, 0)


async def test_07_a_thread_on_a_version_that_somebody_saw_is_where_its_words_are_today(
    graph: Graph, world: World
) -> None:
    await save(graph, world, f"A title\n\n{TEXT}", 2)
    found = (await opened(graph, world, 2, 4, end=place(2, 8), documentVersion=2))["thread"]["anchor"]
    assert (found["state"], found["position"], found["end"]) == ("MOVED", place(4, 4), place(4, 8))
    assert found["original"] == {"version": 2, "position": place(2, 4), "end": place(2, 8), "quote": "user"}


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({"position": {"line": 2**31 - 1}}, "position"),
        ({"position": {"line": 4}}, "position"),
        ({"position": place(0, 15)}, "position"),
        ({"position": place(-1, 0)}, "position"),
        ({"position": place(2, 4), "end": place(2, 3)}, "end"),
        ({"position": place(2, 4), "end": place(4, 0)}, "end"),
        ({"position": place(2, 4), "documentVersion": 3}, "documentVersion"),
        ({"position": place(2, 4), "documentVersion": 1}, "position"),
    ],
)
async def test_07_a_place_that_the_text_does_not_have_is_refused_where_it_stands(
    graph: Graph, world: World, given: dict[str, Any], at: str
) -> None:
    asked = {"documentId": world.requirements.public_id, "content": "Why?", **given}
    assert await refusal(graph, "ben", OPEN, **asked) == ("BAD_USER_INPUT", f"input.{at}")


async def test_07_characters_are_code_points_and_lines_end_at_line_feeds_alone(graph: Graph, world: World) -> None:
    await save(graph, world, "🙂🙂 one\u2028two\r\nthree", 2)
    found = (await opened(graph, world, 0, 3, end=place(0, 10)))["thread"]["anchor"]["original"]
    assert found["quote"] == "one\u2028two"
    assert (await opened(graph, world, 1))["thread"]["anchor"]["original"]["quote"] == "three"


async def test_07_a_thread_that_is_opened_while_somebody_saves_is_carried_over_with_all_others(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is opened when the texts are compared, and the document is not yet locked."""
    late: list[Any] = []

    async def opening(old: str, new: str) -> Any:
        late.append(await opened(graph, world, 2, 4, end=place(2, 8)))
        return await compare(old, new)

    monkeypatch.setattr(documents, "compare", opening)
    await save(graph, world, f"A title\n\n{TEXT}", 2)
    [thread] = late
    assert thread["thread"]["anchor"]["state"] == "EXACT"
    found = await anchor(graph, world, thread)
    assert (found["state"], found["position"]) == ("MOVED", place(4, 4))


async def test_07_a_thread_that_waits_for_a_save_is_opened_where_its_words_are_after_it(
    graph: Graph, world: World
) -> None:
    async with graph.database.work(world.viewer("ada")) as work:
        document = await work.get(
            tables.SpecificationDocument, world.requirements.public_id, at="documentId", lock=True
        )
        await documents.save(work, document, f"A title\n\n{TEXT}", None)
        await work.flush()
        waiting = asyncio.create_task(opened(graph, world, 2, 4, end=place(2, 8)))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    found = (await waiting)["thread"]["anchor"]
    assert (found["state"], found["position"], found["original"]["quote"]) == ("MOVED", place(4, 4), "user")


async def test_07_a_thread_that_a_save_waits_for_is_carried_over(graph: Graph, world: World) -> None:
    """The statement of the save began before the thread was committed: it does not see it by itself."""
    async with graph.database.work(world.viewer("ben")) as work:
        thread = await opened_in(work, world)
        saving = asyncio.create_task(save(graph, world, f"A title\n\n{TEXT}", 2))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
    await saving
    found = await anchor(graph, world, {"thread": {"id": thread.public_id}})
    assert (found["state"], found["position"]) == ("MOVED", place(4, 4))


async def test_07_a_save_is_done_however_many_threads_are_opened_meanwhile(
    graph: Graph, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is opened when the threads were read, and another one when they were read again."""
    late: list[Any] = []
    held = graph.database.held

    async def opening(old: str, new: str) -> Any:
        late.append(await opened(graph, world, 2, 4, end=place(2, 8)))
        return await compare(old, new)

    @asynccontextmanager
    async def opening_again() -> AsyncIterator[Any]:
        async with held() as run:

            async def after_another(*given: Any) -> Any:
                if len(late) == 1:
                    late.append(await opened(graph, world, 2, 9, end=place(2, 14)))
                return await run(*given)

            yield after_another

    monkeypatch.setattr(documents, "compare", opening)
    monkeypatch.setattr(graph.database, "held", opening_again)
    await save(graph, world, f"A title\n\n{TEXT}", 2)
    found = [await anchor(graph, world, thread) for thread in late]
    assert [(one["state"], one["position"]) for one in found] == [("MOVED", place(4, 4)), ("MOVED", place(4, 9))]


@pytest.mark.usefixtures("patient")
async def test_07_of_saves_and_new_threads_at_the_same_time_every_thread_is_where_its_words_are(
    graph: Graph, world: World
) -> None:
    texts = [f"A title\n{TEXT}", TEXT] * 3

    async def saves() -> None:
        for version, content in enumerate(texts, 2):
            await save(graph, world, content, version)

    new = [opened(graph, world, 2, 4, end=place(2, 8), documentVersion=2) for _ in range(8)]
    _, *threads = await asyncio.gather(saves(), *new)
    for thread in threads:
        assert (await anchor(graph, world, thread))["state"] == "EXACT"


async def test_07_a_save_that_waits_for_a_thread_holds_up_nobody_who_waits_for_the_project(
    graph: Graph, world: World
) -> None:
    """Rows come before topics: whoever has the thread can still tell of it."""
    thread = tables.CommentThread
    moved = (await opened(graph, world, 2, 4))["thread"]["id"]
    async with graph.database.work(world.viewer("ben")) as work:
        row = await work.get(thread, moved, at="id", lock=True)
        saving = asyncio.create_task(save(graph, world, f"A title\n\n{TEXT}", 2))
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
        assert await work.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")) == 0
        await work.changed(row)
    await saving


async def test_07_of_saves_at_the_same_time_none_waits_for_a_thread_of_another(graph: Graph, world: World) -> None:
    """They are one statement. Whoever has a thread holds up the save of its document alone."""
    await save(graph, world, TEXT, 2)  # now the statement is known, and two come at one moment
    moved = (await opened(graph, world, 2, 4, end=place(2, 8)))["thread"]["id"]
    other = {"documentId": world.design.public_id, "content": "Another", "expectedVersion": world.design.version}
    async with graph.database.work(world.viewer("ben")) as work:
        await work.get(tables.CommentThread, moved, at="id", lock=True)
        saving = save(graph, world, f"A title\n\n{TEXT}", 2), done(graph, "ada", EDIT, **other)
        saves = asyncio.gather(*saving)
        await until(graph.database, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted")
        saved = select(tables.SpecificationDocument.content).where(tables.SpecificationDocument.id == world.design.id)
        assert await work.scalar(saved) == "Another"
    await saves
    assert (await anchor(graph, world, {"thread": {"id": moved}}))["position"] == place(4, 4)


async def test_07_a_thread_of_the_same_transaction_goes_along(graph: Graph, world: World) -> None:
    both = """
        mutation ($open: OpenThreadInput!, $edit: EditDocumentInput!) @atomic {
          openThread(input: $open) { thread { id } errors { code } }
          editDocument(input: $edit) { document { version } errors { code } }
        }
    """
    at = {"documentId": world.requirements.public_id}
    asked = {
        "open": {**at, "position": place(2, 4), "end": place(2, 8), "content": "Why?"},
        "edit": {**at, "content": f"A title\n\n{TEXT}", "expectedVersion": 2},
    }
    found = await graph.data("ben", both, **asked)
    assert found["editDocument"] == {"document": {"version": 3}, "errors": []}
    assert (await anchor(graph, world, found["openThread"]))["position"] == place(4, 4)


# --- suggestions -----------------------------------------------------------------------------------------------------


async def suggest(graph: Graph, world: World, replacement: str = "traveller") -> Any:
    """A suggestion of a first comment, for the word `user`."""
    asked = {"end": place(2, 8), "suggestion": {"replacement": replacement}}
    return (await opened(graph, world, 2, 4, **asked))["comment"]["suggestion"]


async def test_07_a_suggestion_is_applied_as_a_version_of_whoever_applies_it(graph: Graph, world: World) -> None:
    proposed = await suggest(graph, world)
    assert proposed | {"id": ""} == {
        "id": "",
        "original": "user",
        "replacement": "traveller",
        "documentVersion": 2,
        "isApplied": False,
    }
    applied = await done(graph, "ada", APPLY, suggestionId=proposed["id"], expectedVersion=2)
    assert applied["document"] == {
        "version": 3,
        "content": TEXT.replace("user", "traveller"),
        "currentVersion": {"summary": "A suggestion in a comment", "author": {"name": "Ada"}},
    }
    suggestion = applied["suggestion"]
    assert (suggestion["isApplied"], suggestion["appliedVersion"], suggestion["appliedBy"]) == (
        True,
        3,
        {"name": "Ada"},
    )
    assert suggestion["comment"]["thread"]["status"] == "OPEN"


async def test_07_an_answer_proposes_words_for_what_its_thread_is_about_today(graph: Graph, world: World) -> None:
    thread = await opened(graph, world, 2, 4, end=place(2, 14))
    await save(graph, world, f"A title\n\n{TEXT.replace('user shall', 'user must')}", 2)
    asked = {"threadId": thread["thread"]["id"], "content": "So", "suggestion": {"replacement": "traveller"}}
    proposed = (await done(graph, "ben", COMMENT, **asked))["comment"]["suggestion"]
    assert (proposed["original"], proposed["documentVersion"]) == ("user must", 3)
    applied = await done(graph, "ada", APPLY, suggestionId=proposed["id"], expectedVersion=3)
    assert applied["document"]["content"] == "A title\n\n# Requirements\n\nThe traveller find every place.\n"


async def test_07_a_comment_that_proposes_nothing_has_no_suggestion(graph: Graph, world: World) -> None:
    thread = await opened(graph, world, 2)
    assert thread["comment"]["suggestion"] is None
    asked = {"threadId": thread["thread"]["id"], "content": "So"}
    assert (await done(graph, "ben", COMMENT, **asked))["comment"] == {"suggestion": None}


async def test_07_a_suggestion_goes_with_its_words_until_it_is_applied(graph: Graph, world: World) -> None:
    proposed = await suggest(graph, world)
    await save(graph, world, f"A title\n\n{TEXT}", 2)
    applied = await done(graph, "ada", APPLY, suggestionId=proposed["id"], expectedVersion=3)
    assert applied["document"]["content"] == f"A title\n\n{TEXT.replace('user', 'traveller')}"


async def test_07_who_has_not_seen_the_last_version_is_told_where_the_text_is_now(graph: Graph, world: World) -> None:
    proposed = await suggest(graph, world)
    await save(graph, world, f"A title\n\n{TEXT}", 2)
    answer = await graph.data("ada", APPLY, input={"suggestionId": proposed["id"], "expectedVersion": 2})
    payload = answer["applySuggestion"]
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("CONFLICT", ["input", "expectedVersion"])
    assert error["message"].startswith("The document is at version 3 by now; you saw version 2. ")
    assert error["message"].endswith("Its text is at line 4, character 4 now, counted from 0.")
    assert (payload["document"]["version"], payload["suggestion"]["id"]) == (3, proposed["id"])


async def test_07_a_suggestion_for_words_that_are_gone_is_a_conflict_until_they_are_back(
    graph: Graph, world: World
) -> None:
    proposed = await suggest(graph, world)
    await save(graph, world, TEXT.replace("user", "reader"), 2)
    asked = {"suggestionId": proposed["id"], "expectedVersion": 3}
    payload = (await graph.data("ada", APPLY, input=asked))["applySuggestion"]
    [error] = payload["errors"]
    assert (error["code"], error["path"]) == ("CONFLICT", ["input", "suggestionId"])
    assert error["message"] == "The text that it is about is not in the document any more."
    assert (payload["document"]["version"], payload["suggestion"]["isApplied"]) == (3, False)
    await save(graph, world, TEXT, 3)
    await done(graph, "ada", APPLY, suggestionId=proposed["id"], expectedVersion=4)


async def test_07_a_suggestion_is_applied_once(graph: Graph, world: World) -> None:
    proposed = await suggest(graph, world, "user or reader")
    await done(graph, "ada", APPLY, suggestionId=proposed["id"], expectedVersion=2)
    payload = await graph.data("ada", APPLY, input={"suggestionId": proposed["id"], "expectedVersion": 3})
    [error] = payload["applySuggestion"]["errors"]
    assert (error["code"], error["message"]) == ("CONFLICT", "This was applied: version 3 has it.")


async def test_07_of_two_who_apply_suggestions_at_the_same_time_one_is_told_of_the_other(
    graph: Graph, world: World
) -> None:
    proposed = [(await suggest(graph, world, words))["id"] for words in ("reader", "writer")]
    tries = [proposed[0], proposed[0], proposed[1], proposed[1]]
    asked = (graph.data("ada", APPLY, input={"suggestionId": one, "expectedVersion": 2}) for one in tries)
    payloads = [answer["applySuggestion"] for answer in await asyncio.gather(*asked)]
    assert sorted([error["code"] for error in payload["errors"]] for payload in payloads) == [[], *[["CONFLICT"]] * 3]
    assert {payload["document"]["version"] for payload in payloads} == {3}


async def test_07_what_only_says_what_is_wrong_cannot_be_applied(graph: Graph, world: World) -> None:
    review = tables.DocumentReview(document_id=world.requirements.id, document_version=2, reviewer="others/1")
    finding = tables.Suggestion(document_id=world.requirements.id, document_version=2, original="", message="Short.")
    async with graph.database.work(world.viewer("ada")) as work:
        finding.review_id = (await work.add(review)).id
        await work.add(finding)
    asked = {"suggestionId": finding.public_id, "expectedVersion": 2}
    assert await refusal(graph, "ada", APPLY, **asked) == ("BAD_USER_INPUT", "input.suggestionId")
    await change(graph.database, finding, replacement="First line\n", rule="structure/title")
    applied = await done(graph, "ada", APPLY, **asked)
    assert applied["document"]["content"] == f"First line\n{TEXT}"
    assert applied["document"]["currentVersion"]["summary"] == "A suggestion of a review: structure/title"


async def test_07_suggestions_are_applied_by_those_who_may_edit(graph: Graph, world: World) -> None:
    asked = {"suggestionId": (await suggest(graph, world))["id"], "expectedVersion": 2}
    assert await refusal(graph, "vera", APPLY, **asked) == ("FORBIDDEN", "input.suggestionId")
    for who in ("olga", "rob"):
        assert await refusal(graph, who, APPLY, **asked) == ("NOT_FOUND", "input.suggestionId")
