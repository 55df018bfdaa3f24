"""Specification projects: begin one, save documents without losing a version, talk about them."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from db import tables
from db.actions.notifications import notify
from db.base import new_id
from db.merge_patch import merged
from db.outbox import viewer_topic
from db.records import fill_defaults
from db.tables import (
    MembershipStatus,
    NotificationType,
    ProjectEventKind,
    ProjectRole,
    SpecificationPhase,
)
from db.transitions import may_become
from db.write import Work

Person = tuple[tables.User, ProjectRole]

INITIAL_CONTENT = {
    SpecificationPhase.REQUIREMENTS: "# Requirements\n\n## Introduction\n\n## Requirements\n",
    SpecificationPhase.DESIGN: "# Design\n\n## Overview\n\n## Architecture\n",
    SpecificationPhase.TASKS: "# Tasks\n\n- [ ] 1. \n",
    SpecificationPhase.IMPLEMENTATION: "# Implementation\n\n## Summary\n\n## Changes\n\n## Verification\n",
}
"""The text that a project's documents begin with, in Markdown."""
FIRST = (SpecificationPhase.REQUIREMENTS, SpecificationPhase.DESIGN, SpecificationPhase.TASKS)
"""The phases that a new project has documents of. Those of the others are made when it comes to them."""


class Text(Protocol):
    """A text that a project's document begins with."""

    phase: SpecificationPhase
    content: str


async def create_project(
    work: Work, name: str, *, description: str | None, members: Sequence[Person], texts: Sequence[Text] = ()
) -> tuple[tables.SpecificationProject, list[tables.SpecificationDocument]]:
    """A new project of the viewer with these members, and its documents in the order of their phases.

    There is one with each of these texts, and one for each other of the first three phases.
    """
    project = tables.SpecificationProject(name=name, description=description, owner_id=work.viewer_id)
    documents = _documents(fill_defaults(project), texts)
    versions = [(first_version(work, document), text) for document, text in documents]
    await work.add_all([(project, None), *documents, *versions])
    work.audit("project_created", project)
    await work.changed(project)
    work.touch(viewer_topic(work.viewer_id))
    await add_members(work, project, members)
    return project, [document for document, _ in documents]


def _documents(
    project: tables.SpecificationProject, texts: Sequence[Text]
) -> list[tuple[tables.SpecificationDocument, Text | None]]:
    """The documents that a project begins with, each with the text that was given for it, in the order of phases."""
    given = {text.phase for text in texts}
    initial = {phase: INITIAL_CONTENT[phase] for phase in FIRST if phase not in given}
    found = [(text.phase, text.content, text) for text in texts] + [(*one, None) for one in initial.items()]
    return [
        (fill_defaults(tables.SpecificationDocument(project_id=project.id, phase=phase, content=content)), text)
        for phase, content, text in sorted(found, key=lambda one: list(SpecificationPhase).index(one[0]))
    ]


async def update_project(
    work: Work, project: tables.SpecificationProject, changes: Mapping[str, Any]
) -> tables.SpecificationProject:
    """The project with other values of these columns, and with its settings patched. It must be locked."""
    if "settings" in changes:
        changes = {**changes, "settings": merged(project.settings, changes["settings"])}
    if work.change(project, changes):
        work.audit("project_changed", project)
        await work.happened(ProjectEventKind.PROJECT_CHANGED, project)
    return project


async def add_members(work: Work, project: tables.SpecificationProject, members: Sequence[Person]) -> set[UUID]:
    """Make these people active members, who were none or were removed; the ids of those who were not active before.

    These are told of it.
    """
    if not members:
        return set()
    member = tables.ProjectMember
    rows = [
        {"id": new_id(), "project_id": project.id, "user_id": user.id, "role": role, "status": MembershipStatus.ACTIVE}
        for user, role in members
    ]
    # In the order of their ids, so that two who add the same people wait for each other in one direction.
    added = insert(member).values(sorted(rows, key=itemgetter("user_id")))
    renewed = added.on_conflict_do_update(
        index_elements=["project_id", "user_id"],
        set_={"role": added.excluded.role, "status": added.excluded.status},
        where=may_become(member, MembershipStatus.ACTIVE),
    )
    became = {row.user_id: row for row in await work.scalars(renewed.returning(member))}
    new = set(became)
    if joined := [(user, role) for user, role in members if user.id in new]:
        work.audit("members_added", project, users=[user for user, _ in joined], roles=[role for _, role in joined])
        for user, _ in joined:
            await work.happened(ProjectEventKind.MEMBER_ADDED, became[user.id])
        work.touch(*map(viewer_topic, new))
    await notify(work, [_welcome(project, user, role) for user, role in joined])
    return new


def first_version(work: Work, document: tables.SpecificationDocument) -> tables.DocumentVersion:
    """A new document as the viewer begins it."""
    return tables.DocumentVersion(
        document_id=document.id,
        version=document.version,
        content=document.content,
        author_id=work.viewer_id,
    )


def _welcome(project: tables.SpecificationProject, user: tables.User, role: ProjectRole) -> dict[str, Any]:
    """The notification of a new member."""
    return {
        "user_id": user.id,
        "type": NotificationType.COLLABORATION_INVITE,
        "title": f"You are a member of {project.name}",
        "message": f"Your role in this project: {role.lower()}.",
        "data": {"projectId": project.public_id, "role": role},
    }
