"""A subscription as the documentation of Strawberry writes one: an async generator behind its own ASGI application.

It shows no Redis; this is the loop of redis-py's documentation, with a subscription of its own for every listener. The
comment is shown as it was heard, and nothing is read.
"""

import os
from collections.abc import AsyncGenerator

import orjson
import strawberry
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from strawberry.asgi import GraphQL

redis = Redis.from_url(os.environ["REDIS_URL"], max_connections=10_000)  # each listener has one


@strawberry.type
class Comment:
    id: strawberry.ID
    content: str
    created_at: str


@strawberry.type
class DocumentEvent:
    kind: str
    comment: Comment


@strawberry.type
class Query:
    hello: str


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def document_events(self, document_id: strawberry.ID) -> AsyncGenerator[DocumentEvent, None]:
        async with redis.pubsub() as pubsub:
            await pubsub.subscribe(f"comments:{document_id}")
            async for message in pubsub.listen():
                if message["type"] == "message":
                    yield _event(orjson.loads(message["data"]))


def _event(heard: dict[str, dict[str, str]]) -> DocumentEvent:
    comment = heard["comment"]
    shown = Comment(id=strawberry.ID(comment["id"]), content=comment["content"], created_at=comment["createdAt"])
    return DocumentEvent(kind=str(heard["kind"]), comment=shown)


schema = strawberry.Schema(query=Query, subscription=Subscription)
app = Starlette(routes=[WebSocketRoute("/graphql", GraphQL[None, None](schema))])
