"""The types of the idiomatic peer: each edge is a resolver over a dataloader."""

from datetime import datetime
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

import strawberry

from db import tables
from scripts.benchmark.peers.idiomatic.loaders import Loaders

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
    async def total_count(self, info: Info) -> int:
        return await loaders(info).visible_count(self.viewer)


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


def loaders(info: Info) -> Loaders:
    """The loaders of the request."""
    found: Loaders = info.context["loaders"]
    return found
