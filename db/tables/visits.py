"""Visits: how far people have seen the documents of their projects, so that they find what is new since then."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Updated, refers
from db.constraints import check, unique
from db.roots import narrow
from db.rules import through


class DocumentVisit(Updated, Base, access=through("document_id", of="user_id"), prefix="dvs"):
    """A person's visit to a document: they saw its text up to a version, and the talk up to an event of its project.

    A comment has the time at which its transaction began, and may be committed after others that began later. So a time
    alone does not tell whether it was there: `recent` has the comments of the last moment before `seen_at` that were.
    """

    __tablename__ = "document_visits"

    document_id: Mapped[UUID] = refers("specification_documents")
    user_id: Mapped[UUID] = refers("users")
    version: Mapped[int]
    sequence: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[datetime]
    recent: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), default=list, server_default="{}")

    __table_args__ = (
        unique("document_id", "user_id", says="This person has been here."),
        Index(None, "user_id", "seen_at", "id"),
        check("version >= 1", at="version", says="Versions are counted from 1."),
        check("sequence >= 0", at="sequence", says="Events are counted from 1."),
    )


# By the person alone: what one reader has seen changes nothing of what others read.
narrow(DocumentVisit, "visits", "user_id")
