"""The label that CONTRIBUTING adds as an example, in a process of its own: what is declared here is in no other schema.

`python -m tests.graphql_schema.labels DATABASE_URL VIEWER_ID PROJECT_ID` makes its table, sends `OPERATION` with every
name of `NAMES`, twice with the second of them, and prints the answers.
"""

import asyncio
import sys
from typing import Any
from uuid import UUID

import orjson
import strawberry
from sqlalchemy.orm import Mapped

from db import tables
from db.access import Viewer
from db.base import Base, refers, string
from db.constraints import not_blank, unique
from db.engine import Database
from db.permissions import EDIT
from db.rules import through
from db.write import Work
from graphql_schema.core import column, mutation, node, one
from graphql_schema.core.context import Context
from graphql_schema.core.texts import text
from graphql_schema.execution import Request
from graphql_schema.specs import mutations

NOWHERE: Any = None
"""Where events would come from, for who listens."""
NAMES = (" ", "maps", "maps")
OPERATION = """
    mutation ($project: ID!, $name: String!) %s {
      addLabel(input: { projectId: $project, name: $name }) {
        label { name project { name } }
        errors { code message path }
      }
    }
"""


class Label(Base, access=through("project_id"), prefix="lab"):
    """A word to find projects by."""

    __tablename__ = "labels"

    project_id: Mapped[UUID] = refers("specification_projects")
    name: Mapped[str] = string(100)

    __table_args__ = (unique("project_id", "name", says="The project has a label of this name."), not_blank("name"))


@node(Label, orders=("name",))
class LabelNode:
    """A word to find projects by."""

    name = column("The word.")
    project = one(Label.project_id, "The project.")


@strawberry.input(description="A label to add.")
class AddLabelInput:
    """A new label."""

    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str = text(Label.name, "The word; not empty.")


@mutation(label=Label)
async def add_label(work: Work, input: AddLabelInput) -> Label:
    """Give a project a label. For members who may edit."""
    project = await work.get(tables.SpecificationProject, input.project_id, at="projectId", may=EDIT)
    return await work.add(Label(project_id=project.id, name=input.name))


async def ask(url: str, viewer: str, project: str) -> list[Any]:
    """What is answered to every name, by itself and in a transaction around the operation."""
    from graphql_schema.schema import executor

    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(Label.metadata.tables["labels"].create)
    answers = []
    for directive, name in [*(("", name) for name in NAMES), *(("@atomic", name) for name in NAMES)]:
        operation = executor.prepare(Request(OPERATION % directive, variables={"project": project, "name": name}))
        answers.append(await executor.execute(operation, Context(Viewer(UUID(viewer)), database, NOWHERE)))
    await database.close()
    return answers


if __name__ == "__main__":
    mutations.add_label = add_label  # type: ignore[attr-defined]  # as if it stood there
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(ask(*sys.argv[1:]))))
