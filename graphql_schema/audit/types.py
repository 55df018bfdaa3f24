"""Entries of the audit log."""

from typing import Any

from sqlalchemy import ColumnElement, case, func

from db import base, tables
from graphql_schema.core import column, node, one, sql


def public_id(entry: Any) -> ColumnElement[Any]:
    """The global id of the row that an entry is about; null where it is about no row."""
    prefixes = {table.__tablename__: f"{table.prefix}_" for table in base.tables()}
    return case(prefixes, value=entry.resource) + func.encode(func.uuid_send(entry.resource_id), "hex")


@node(
    tables.AuditLog,
    orders=("-created_at",),
    filters=("action", "actor_id", "resource", "created_at"),
)
class AuditLog:
    """An entry of the audit log. Seen by its actor, and by those who manage what it is about, or was."""

    action = column("What was done: `member_removed`.")
    resource = column("The kind of the object, in small letters: `organization_members`.")
    resource_id = sql(
        str | None, "The global id of the object, which may be gone; null where there is none.", public_id
    )
    before = column("What was changed as it was before, as far as it is no text; null where nothing was.")
    after = column("What was changed as it was afterwards, as far as it is no text; null where nothing was.")
    details = column("What else there is to say, in ids, states and numbers.")
    created_at = column("When it was done.")
    actor = one(tables.AuditLog.actor_id, "Who did it; null for a guest, for the platform, and for who is gone.")
    organization = one(tables.AuditLog.organization_id, "The organization that the object belonged to, if you see it.")
    project = one(tables.AuditLog.project_id, "The project that the object belonged to, if you see it.")
