"""What the documentation of Strawberry suggests: types, dataloaders, the ORM, and its own ASGI application.

Parsed and validated documents are kept, as the documentation advises for production.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from db import tables
from scripts.benchmark.peers.idiomatic.loaders import Loaders, visible
from scripts.benchmark.peers.idiomatic.types import (
    AddCommentPayload,
    Comment,
    Course,
    CourseConnection,
    PageInfo,
    Project,
    ProjectConnection,
    Repository,
)

# PGHOST, PGPORT, PGUSER and PGDATABASE say where the database is.
engine = create_async_engine(
    "postgresql+asyncpg://",
    pool_size=10,
    max_overflow=0,
    connect_args={"server_settings": {"timezone": "UTC", "jit": "off"}},
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


@strawberry.type
class Query:
    @strawberry.field
    async def project(self, id: strawberry.ID) -> Project | None:  # noqa: A002  (the name in the graph)
        async with sessions() as session:
            row = await session.get(tables.SpecificationProject, UUID(id))
        return Project.of(row) if row else None

    @strawberry.field
    async def projects(self, viewer: strawberry.ID, first: int) -> ProjectConnection:
        table = tables.SpecificationProject
        statement = visible(UUID(viewer)).order_by(table.updated_at.desc(), table.id.desc()).limit(first)
        async with sessions() as session:
            rows = await session.scalars(statement)
        return ProjectConnection(viewer=UUID(viewer), nodes=[Project.of(row) for row in rows])

    @strawberry.field
    async def courses(self, first: int, after: str | None = None) -> CourseConnection:
        table = tables.Course
        statement = select(table).where(table.published).order_by(table.created_at.desc(), table.id.desc()).limit(first)
        if after:
            created_at, key = after.split("/")
            statement = statement.where(
                tuple_(table.created_at, table.id) < (datetime.fromisoformat(created_at), UUID(key))
            )
        async with sessions() as session:
            rows = list(await session.scalars(statement))
        cursor = f"{rows[-1].created_at.isoformat()}/{rows[-1].id}" if rows else None
        nodes = [Course(key=row.id, title=row.title, difficulty=row.difficulty.value) for row in rows]
        return CourseConnection(nodes=nodes, page_info=PageInfo(end_cursor=cursor))

    @strawberry.field
    async def repository(self, id: strawberry.ID) -> Repository | None:  # noqa: A002  (likewise)
        async with sessions() as session:
            row = await session.get(tables.Repository, UUID(id))
        return Repository(key=row.id, full_name=row.full_name) if row else None


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def add_comment(self, thread_id: strawberry.ID, author_id: strawberry.ID, content: str) -> AddCommentPayload:
        row = tables.Comment(thread_id=UUID(thread_id), author_id=UUID(author_id), content=content)
        async with sessions.begin() as session:
            session.add(row)
            await session.flush()
        return AddCommentPayload(comment=Comment.of(row))


class Application(GraphQL[dict[str, Any], None]):
    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"request": request, "loaders": Loaders(sessions)}


schema = strawberry.Schema(query=Query, mutation=Mutation, extensions=[ParserCache, ValidationCache])
app = Starlette()
app.add_route("/graphql", Application(schema, graphql_ide=None), methods=["POST"])  # type: ignore[arg-type]
