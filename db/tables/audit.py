"""The audit log: who did what."""

from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Json, outlives, string
from db.constraints import check
from db.guards import guard
from db.partitions import RETENTION_ROLE, Monthly
from db.permissions import MANAGE, SEE
from db.rules import owned_by, through

LEAST_DAYS = 365
"""Nobody deletes an entry that is younger."""


class AuditLog(
    Base,
    access=owned_by("actor_id", SEE) | through("organization_id", see=MANAGE) | through("project_id", see=MANAGE),
    prefix="aud",
    partitioned=Monthly(days=2_555),
):
    """An entry of the audit log: somebody did something to a row. It names rows, columns and states, and has no text
    that a person wrote, so that it can stay when all of these are gone.
    """

    __tablename__ = "audit_logs"

    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    actor_id: Mapped[UUID | None] = outlives("users", reveals=True)
    api_key_id: Mapped[UUID | None]
    organization_id: Mapped[UUID | None] = outlives("organizations")
    project_id: Mapped[UUID | None] = outlives("specification_projects")
    action: Mapped[str] = string(100)
    resource: Mapped[str] = string(100)
    resource_id: Mapped[UUID | None]
    before: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    details: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    request_id: Mapped[UUID | None]

    __table_args__ = (
        Index(None, "organization_id", "created_at", "id"),
        Index(None, "project_id", "created_at", "id"),
        Index(None, "actor_id", "created_at", "id"),
        Index(None, "resource", "resource_id", "id"),
        check("action ~ '^[a-z]+(_[a-z]+)*$'", at="action", says="An action is named in lower case: comment_added."),
    )


guard(
    "entries_stay",
    f"""\
CREATE OR REPLACE FUNCTION entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_user = '{RETENTION_ROLE}'
        AND OLD.created_at < now() - interval '{LEAST_DAYS} days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'entries of the audit log stay as they are'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entries_stay';
END $$""",
    "CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE ON audit_logs FOR EACH ROW EXECUTE FUNCTION entries_stay()",
    says="Entries of the audit log stay as they are.",
)
