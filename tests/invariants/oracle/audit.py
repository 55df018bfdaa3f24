"""Who reads the audit log: those who did it, and those who manage what it was done to."""

from uuid import UUID

from tests.invariants.oracle import Oracle, Row

MENTIONS = (("audit_logs", "actor_id"),)


def audit_logs(world: Oracle, who: UUID | None, what: str, entry: Row) -> bool:
    if what == "see" and who is not None and entry.actor_id == who:
        return True
    needed = "manage" if what == "see" else what
    of_organization = world.inherits(who, needed, "organizations", entry.organization_id)
    return of_organization or world.inherits(who, needed, "specification_projects", entry.project_id)
