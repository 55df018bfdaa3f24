"""What the documentation of Strawberry suggests: types, dataloaders, the ORM, and its own ASGI application.

Parsed and validated documents are kept, as the documentation advises for production.
"""

from datetime import datetime
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.applications import Starlette
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

from db import tables
from db.enums import MembershipStatus
from scripts.benchmark.peers.loaders import Loaders

# PGHOST, PGPORT, PGUSER and PGDATABASE say where the database is.
engine = create_async_engine(
    "postgresql+asyncpg://",
    pool_size=10,
    max_overflow=0,
    connect_args={"server_settings": {"timezone": "UTC", "jit": "off"}},
)
sessions = async_sessionmaker(engine, expire_on_commit=False)

Node = TypeVar("Node")
Info = strawberry.Info[dict[str, Any], None]


@strawberry.type
class PageInfo:
    end_cursor: str | None


@strawberry.type
class Connection(Generic[Node]):
    nodes: list[Node]


@strawberry.type
class User:
    name: str

    @classmethod
    def of(cls, row: tables.User | None) -> Self | None:
        return cls(name=row.name) if row else None


@strawberry.type
class Comment:
    id: strawberry.ID
    content: str
    created_at: datetime
    author_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: tables.Comment) -> Self:
        return cls(
            id=strawberry.ID(str(row.id)), content=row.content, created_at=row.created_at, author_id=row.author_id
        )

    @strawberry.field
    async def author(self, info: Info) -> User | None:
        return User.of(await loaders(info).user(self.author_id))


@strawberry.type
class Thread:
    key: strawberry.Private[UUID]
    id: strawberry.ID
    status: str

    @strawberry.field
    async def comments(self, info: Info, first: int) -> Connection[Comment]:
        table = tables.Comment
        rows = await loaders(info).page(self.key, table.thread_id, table.created_at, table.id, first=first)
        return Connection(nodes=[Comment.of(row) for row in rows])


@strawberry.type
class Document:
    key: strawberry.Private[UUID]
    phase: str
    version: int

    @strawberry.field
    async def threads(self, info: Info, first: int) -> Connection[Thread]:
        table = tables.CommentThread
        rows = await loaders(info).page(self.key, table.document_id, table.line, table.id, first=first)
        nodes = [Thread(key=row.id, id=strawberry.ID(str(row.id)), status=row.status.value) for row in rows]
        return Connection(nodes=nodes)


@strawberry.type
class Project:
    key: strawberry.Private[UUID]
    owner_id: strawberry.Private[UUID]
    id: strawberry.ID
    name: str
    status: str
    updated_at: datetime

    @classmethod
    def of(cls, row: tables.SpecificationProject) -> Self:
        return cls(
            key=row.id,
            owner_id=row.owner_id,
            id=strawberry.ID(str(row.id)),
            name=row.name,
            status=row.status.value,
            updated_at=row.updated_at,
        )

    @strawberry.field
    async def owner(self, info: Info) -> User | None:
        return User.of(await loaders(info).user(self.owner_id))

    @strawberry.field
    async def documents(self, info: Info, first: int) -> Connection[Document]:
        table = tables.SpecificationDocument
        rows = await loaders(info).page(self.key, table.project_id, table.phase, table.id, first=first)
        return Connection(nodes=[Document(key=row.id, phase=row.phase.value, version=row.version) for row in rows])


@strawberry.type
class ProjectConnection:
    viewer: strawberry.Private[UUID]
    nodes: list[Project]

    @strawberry.field
    async def total_count(self) -> int:
        async with sessions() as session:
            return await session.scalar(select(func.count()).select_from(visible(self.viewer).subquery())) or 0


@strawberry.type
class Lesson:
    title: str
    duration: int


@strawberry.type
class LessonConnection:
    module_id: strawberry.Private[UUID]
    nodes: list[Lesson]

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        return await loaders(info).count(self.module_id, tables.Lesson.module_id)


@strawberry.type
class Module:
    key: strawberry.Private[UUID]
    title: str

    @strawberry.field
    async def lessons(self, info: Info, first: int) -> LessonConnection:
        table = tables.Lesson
        rows = await loaders(info).page(self.key, table.module_id, table.order, table.id, first=first)
        nodes = [Lesson(title=row.title, duration=row.duration) for row in rows]
        return LessonConnection(module_id=self.key, nodes=nodes)


@strawberry.type
class ModuleConnection:
    course_id: strawberry.Private[UUID]
    nodes: list[Module]

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        return await loaders(info).count(self.course_id, tables.CourseModule.course_id)


@strawberry.type
class Course:
    key: strawberry.Private[UUID]
    title: str
    difficulty: str

    @strawberry.field
    async def modules(self, info: Info, first: int) -> ModuleConnection:
        table = tables.CourseModule
        rows = await loaders(info).page(self.key, table.course_id, table.order, table.id, first=first)
        return ModuleConnection(course_id=self.key, nodes=[Module(key=row.id, title=row.title) for row in rows])


@strawberry.type
class CourseConnection:
    nodes: list[Course]
    page_info: PageInfo


@strawberry.type
class Commit:
    sha: str
    message: str
    committed_at: datetime
    author_id: strawberry.Private[UUID | None]

    @strawberry.field
    async def author(self, info: Info) -> User | None:
        return User.of(await loaders(info).user(self.author_id))


@strawberry.type
class Repository:
    key: strawberry.Private[UUID]
    full_name: str

    @strawberry.field
    async def commits(self, info: Info, first: int | None = None, last: int | None = None) -> Connection[Commit]:
        table, page = tables.Commit, loaders(info).page
        if last is None:
            falling = table.committed_at.desc(), table.id.desc()
            rows = await page(self.key, table.repository_id, *falling, first=first or 20)
        else:
            rows = (await page(self.key, table.repository_id, table.committed_at, table.id, first=last))[::-1]
        return Connection(
            nodes=[
                Commit(sha=row.sha, message=row.message, committed_at=row.committed_at, author_id=row.author_id)
                for row in rows
            ]
        )


@strawberry.type
class AddCommentPayload:
    comment: Comment


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


def loaders(info: Info) -> Loaders:
    """The loaders of the request."""
    found: Loaders = info.context["loaders"]
    return found


def visible(viewer: UUID) -> Select[tables.SpecificationProject]:
    """The projects that somebody owns or is an active member of."""
    project, member = tables.SpecificationProject, tables.ProjectMember
    joined = select(member.project_id).where(member.user_id == viewer, member.status == MembershipStatus.ACTIVE)
    return select(project).where(or_(project.owner_id == viewer, project.id.in_(joined)))


class Application(GraphQL[dict[str, Any], None]):
    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"request": request, "loaders": Loaders(sessions)}


schema = strawberry.Schema(query=Query, mutation=Mutation, extensions=[ParserCache, ValidationCache])
app = Starlette()
app.add_route("/graphql", Application(schema, graphql_ide=None), methods=["POST"])  # type: ignore[arg-type]
