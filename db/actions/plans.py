"""The limits of plans, in one table: how much of something a person or an organization may have."""

from dataclasses import dataclass

from sqlalchemy.sql.selectable import TypedReturnsRows

from db.errors import Forbidden
from db.tables import OrganizationPlan, Plan
from db.write import Work


@dataclass(frozen=True, slots=True)
class PersonLimits:
    """The limits of a person, by their plan."""

    api_keys: int


@dataclass(frozen=True, slots=True)
class OrganizationLimits:
    """The limits of an organization, by its plan; None where there is none."""

    api_keys: int
    members: int | None = None
    private_repositories: int | None = None


PERSONS = {
    Plan.BASIC: PersonLimits(api_keys=2),
    Plan.PREMIUM: PersonLimits(api_keys=20),
}
ORGANIZATIONS = {
    OrganizationPlan.FREE: OrganizationLimits(api_keys=2, members=5, private_repositories=3),
    OrganizationPlan.PRO: OrganizationLimits(api_keys=20),
    OrganizationPlan.ENTERPRISE: OrganizationLimits(api_keys=100),
}


async def check_room(work: Work, limit: int | None, counted: TypedReturnsRows[int], *, of: str, more: int = 1) -> None:
    """Raise Forbidden where `more` would be over the limit. `of` is what is counted, in the plural.

    The row of whoever has the limit must be locked, or two that come at once would both find room.
    """
    if limit is not None and (await work.scalar(counted) or 0) + more > limit:
        raise Forbidden(f"The plan allows {limit} {of}. Take one away first, or choose another plan.")
