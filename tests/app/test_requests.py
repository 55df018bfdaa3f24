"""What is the same on every transport: an idempotency key may come in a header, too."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from app.requests import LARGEST, BadRequest, parsed
from db.engine import Database
from tests.app.serving import Served
from tests.world import World
from tests.world.accounts import PASSWORD

ADD = "mutation ($input: AddCommentInput!) { addComment(input: $input) { comment { id } errors { code } } }"


def asked(world: World, content: str = "Once", **members: Any) -> dict[str, Any]:
    return {"query": ADD, "variables": {"input": {"threadId": world.thread_0.public_id, "content": content}}, **members}


def ben(world: World, **headers: str) -> dict[str, str]:
    return {"authorization": f"Bearer {world.tokens['ben']}", **headers}


async def comments(database: Database) -> int:
    async with database.read() as session:
        return await session.scalar(text("SELECT count(*) FROM comments WHERE content = 'Once'")) or 0


async def test_fifty_posts_with_one_key_have_one_effect_and_one_answer(
    served: Served, database: Database, world: World
) -> None:
    headers = ben(world) | {"idempotency-key": "one"}
    async with served.client(headers=headers) as client:
        url, body = f"http://{served.address}/graphql", asked(world)
        answers = await asyncio.gather(*(client.post(url, json=body) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    data = {orjson.dumps(answer.json()["data"]) for answer in answers}
    assert len(data) == 1
    assert b'"errors":[]' in data.pop()
    assert await comments(database) == 1


async def test_a_key_is_the_same_in_a_header_and_in_the_extensions(
    served: Served, database: Database, world: World
) -> None:
    in_body = asked(world, extensions={"idempotencyKey": "one"})
    first = (await served.post(asked(world), **ben(world, idempotency_key="one"))).json()["data"]
    assert (await served.post(in_body, **ben(world))).json()["data"] == first
    assert (await served.post(in_body, **ben(world, idempotency_key="other"))).json()["data"] == first
    async with served.talk(Authorization=f"Bearer {world.tokens['ben']}") as talk:
        await talk.say(id="1", type="subscribe", payload=in_body)
        assert (await talk.hear())["payload"]["data"] == first
    assert await comments(database) == 1


async def test_a_key_that_came_with_something_else_is_refused(served: Served, world: World) -> None:
    await served.post(asked(world), **ben(world, idempotency_key="one"))
    refused = await served.post(asked(world, "Twice"), **ben(world, idempotency_key="one"))
    assert refused.status_code == 422
    assert [error["extensions"]["code"] for error in refused.json()["errors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    async with served.talk(Authorization=f"Bearer {world.tokens['ben']}") as talk:
        again = asked(world, "Twice", extensions={"idempotencyKey": "one"})
        await talk.say(id="1", type="subscribe", payload=again)
        message = await talk.hear()
    assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "IDEMPOTENCY_KEY_REUSED")


async def test_a_key_that_is_too_long_is_refused(served: Served, world: World) -> None:
    refused = await served.post(asked(world), **ben(world, idempotency_key="k" * 256))
    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "argument": "idempotencyKey"}


async def test_clients_may_send_keys_with_everything(served: Served, world: World) -> None:
    credentials = f'{{ email: "ada@example.com", password: "{PASSWORD}" }}'
    for query in ("{ __typename }", f"mutation {{ signIn(input: {credentials}) {{ errors {{ code }} }} }}"):
        answer = await served.post({"query": query}, idempotency_key="k" * 256)
        assert "errors" not in answer.json(), answer.text


@pytest.mark.parametrize("bracket", ["[", "{"])
def test_what_is_sent_has_so_many_lists_and_objects_at_most(bracket: str) -> None:
    text = orjson.dumps(bracket * LARGEST)
    assert parsed(text, what="body") == bracket * LARGEST
    for larger in (text + b"[]", text.decode() + "[]"):
        with pytest.raises(BadRequest, match="too many lists and objects"):
            parsed(larger, what="body")


def test_what_is_sent_has_so_many_texts_at_most() -> None:
    text = orjson.dumps(["a"] * LARGEST)
    assert parsed(text, what="body") == ["a"] * LARGEST
    for larger in (orjson.dumps(["a"] * (LARGEST + 1)), text.decode().replace("[", '["",')):
        with pytest.raises(BadRequest, match="too many texts"):
            parsed(larger, what="body")


def test_quotation_marks_in_a_text_are_not_texts() -> None:
    spoken = '"Yes," she said. ' * LARGEST
    assert parsed(orjson.dumps(spoken), what="body") == spoken
