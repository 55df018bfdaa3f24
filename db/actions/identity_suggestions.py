"""Suggestions: addresses and logins in the commits of an organization that are nobody's yet, and may be a member's."""

from uuid import UUID

from sqlalchemy import delete, not_, select, text

from db import tables
from db.outbox import topic
from db.queue.declared import job
from db.queue.steps import Steps
from db.tables.identities import BOT, SHARED
from db.write import Work

NAMES = 3
"""An address under which so many names wrote belongs to nobody alone."""
LETTERS = 4
"""An address with fewer of them before its @ says little of whose it is."""

_LETTERS = r"regexp_replace(normalize(lower({}), NFKD), '[\u0300-\u036f]', '', 'g')"
PLAIN = rf"btrim(regexp_replace({_LETTERS}, '\s+', ' ', 'g'))"
"""A name without case, accents and spaces that are too many."""
FINDING = text(f"""
    WITH unknown AS (
        SELECT
            CAST(CASE WHEN author_login IS NULL THEN 'EMAIL' ELSE 'LOGIN' END AS identitykind) AS kind,
            coalesce(author_login, lower(author_email)) AS value,
            (array_agg(author_name ORDER BY committed_at DESC))[1] AS author_name,
            count(*) AS commits
        FROM commits JOIN repositories ON repositories.id = repository_id
        WHERE organization_id = :organization AND author_id IS NULL AND lower(author_name) !~ :bot
        GROUP BY 1, 2
        HAVING count(DISTINCT {PLAIN.format("author_name")}) < :names
    ),
    people AS (
        SELECT
            organization_members.id AS member_id, {PLAIN.format("name")} AS name,
            ARRAY[lower(username), lower(github_login)] AS logins, lower(email) AS email
        FROM organization_members JOIN users ON users.id = user_id
        WHERE organization_id = :organization
    ),
    alike AS (
        SELECT unknown.*, member_id, CAST(reason AS identityreason)
        FROM unknown CROSS JOIN people CROSS JOIN LATERAL (VALUES
            ('SAME_NAME', people.name LIKE '% %' AND people.name = {PLAIN.format("author_name")}),
            ('SAME_LOGIN', kind = 'LOGIN' AND value = ANY (logins)),
            (
                'SAME_MAILBOX',
                kind = 'EMAIL' AND split_part(value, '@', 1) = split_part(email, '@', 1)
                AND char_length(split_part(value, '@', 1)) >= :letters
            )
        ) AS reasons (reason, holds)
        WHERE holds AND char_length(value) <= 254
            AND CASE kind WHEN 'EMAIL' THEN value !~ :shared ELSE value !~ :bot END
    ),
    found AS (
        -- What would fit several members for one reason fits none.
        SELECT DISTINCT ON (kind, value, member_id) * FROM (
            SELECT *, count(*) OVER (PARTITION BY kind, value, reason) AS members FROM alike
        ) AS counted
        WHERE members = 1
        ORDER BY kind, value, member_id, reason
    )
    INSERT INTO identity_suggestions (id, organization_id, member_id, kind, value, reason, author_name, commits)
    SELECT uuidv7(), :organization, member_id, kind, value, reason, author_name, commits FROM found
    ON CONFLICT (organization_id, kind, value, member_id) DO UPDATE
    SET reason = excluded.reason, author_name = excluded.author_name, commits = excluded.commits
    RETURNING id
""")  # noqa: S608  (expressions, no values)
CONSTANTS = {"bot": BOT, "shared": SHARED, "names": NAMES, "letters": LETTERS}


@job(cron="41 3 * * *")
async def suggest_identities(steps: Steps) -> None:
    """Look in the commits of each organization for what may be a member's."""
    async with steps.work() as work:
        organizations = (await work.scalars(select(tables.Organization.id).order_by(tables.Organization.id))).all()
    for organization in organizations:
        async with steps.work() as work:
            await refresh(work, organization)


async def refresh(work: Work, organization_id: UUID) -> None:
    """Look for suggestions anew. What does not hold any more goes; what was dismissed stays so."""
    row = tables.IdentitySuggestion
    found = (await work.execute(FINDING, {"organization": organization_id, **CONSTANTS})).scalars().all()
    mine = row.organization_id == organization_id, not_(row.is_dismissed), row.id.not_in(found)
    await work.execute(delete(row).where(*mine))
    work.audit("identities_suggested", tables.Organization(id=organization_id))
    work.touch(topic("organization", organization_id))
