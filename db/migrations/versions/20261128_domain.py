"""domain

What is moved: a version of a document had the text of one save and the author, summary and time of the next one; these go
one version on, and the text of today becomes a version too. Versions without a text were imported with authors of their
own and stay. Who wrote the first text that was kept is not known: its author and summary are null, its time is that of
the version before it, or of the document.

What is mended, because it is refused from now on: owners that are members of their own project, two lessons or modules
at one place, completed enrollments without a time and others with one, codes of currencies that are none, infinite times.
"""

import sqlalchemy as sa
from alembic import op

revision = 'f86f9f16a46d'
down_revision = '26811985c5ab'
branch_labels = None
depends_on = None

TIMES = {
    'comment_threads': {'resolved_at': True, 'created_at': False, 'updated_at': False},
    'comments': {'edited_at': True, 'created_at': False, 'updated_at': False},
    'commits': {'authored_at': False, 'committed_at': False, 'created_at': False},
    'course_modules': {'created_at': False, 'updated_at': False},
    'course_progress': {'started_at': False, 'last_accessed_at': False, 'completed_at': True, 'created_at': False, 'updated_at': False},
    'courses': {'created_at': False, 'updated_at': False},
    'document_versions': {'created_at': False},
    'enrollments': {'enrolled_at': False, 'completed_at': True, 'expires_at': True, 'created_at': False, 'updated_at': False},
    'idempotency_keys': {'created_at': False, 'updated_at': False},
    'lesson_progress': {'completed_at': True, 'last_watched_at': False, 'created_at': False, 'updated_at': False},
    'lessons': {'created_at': False, 'updated_at': False},
    'notifications': {'read_at': True, 'archived_at': True, 'created_at': False, 'updated_at': False},
    'organization_members': {'created_at': False, 'updated_at': False},
    'organizations': {'created_at': False, 'updated_at': False},
    'passwords': {'created_at': False, 'updated_at': False},
    'project_members': {'created_at': False, 'updated_at': False},
    'pull_requests': {'opened_at': False, 'merged_at': True, 'closed_at': True, 'created_at': False, 'updated_at': False},
    'reactions': {'created_at': False},
    'repositories': {'created_at': False, 'updated_at': False},
    'repository_stats': {'date': False, 'created_at': False},
    'sessions': {'expires_at': False, 'created_at': False, 'updated_at': False},
    'specification_documents': {'created_at': False, 'updated_at': False},
    'specification_projects': {'created_at': False, 'updated_at': False},
    'users': {'email_verified_at': True, 'last_login_at': True, 'last_seen_at': False, 'locked_until': True, 'created_at': False, 'updated_at': False},
    'webhook_events': {'received_at': False, 'processed_at': True, 'created_at': False, 'updated_at': False},
}
"""The times and days of every table, and whether they may be null."""

CURRENT_VERSIONS = """
INSERT INTO document_versions (id, document_id, version, content, summary, author_id, created_at)
SELECT overlay(overlay(replace(gen_random_uuid()::text, '-', '') PLACING '7' FROM 13)
               PLACING lpad(to_hex((1000 * extract(epoch FROM saved_at))::bigint), 12, '0') FROM 1)::uuid,
       document_id, version, content, summary, author_id, saved_at
FROM (
    SELECT d.id AS document_id, d.version, d.content, coalesce(last.created_at, d.created_at) AS saved_at,
           CASE WHEN last.content IS NOT NULL THEN last.summary END AS summary,
           CASE WHEN last.content IS NOT NULL THEN last.author_id END AS author_id
    FROM specification_documents d
    LEFT JOIN document_versions last ON last.document_id = d.id AND last.version = d.version - 1
) AS current
ON CONFLICT (document_id, version) DO NOTHING
"""

EARLIER_VERSIONS = """
UPDATE document_versions v SET author_id = before.author_id, summary = before.summary, created_at = before.created_at
FROM (
    SELECT v.id, coalesce(lag(v.created_at) OVER versions, d.created_at) AS created_at,
           CASE WHEN lag(v.content) OVER versions IS NOT NULL THEN lag(v.summary) OVER versions END AS summary,
           CASE WHEN lag(v.content) OVER versions IS NOT NULL THEN lag(v.author_id) OVER versions END AS author_id
    FROM document_versions v JOIN specification_documents d ON d.id = v.document_id
    WINDOW versions AS (PARTITION BY v.document_id ORDER BY v.version)
) AS before
WHERE before.id = v.id AND v.content IS NOT NULL
AND v.version < (SELECT version FROM specification_documents WHERE id = v.document_id)
"""

OWNERS_AS_MEMBERS = """
DELETE FROM project_members m USING specification_projects p WHERE p.id = m.project_id AND p.owner_id = m.user_id
"""

PLACES = """
UPDATE {table} SET "order" = placed.place
FROM (
    SELECT id, row_number() OVER (PARTITION BY {parent} ORDER BY "order", id) AS place FROM {table}
    WHERE {parent} IN (SELECT {parent} FROM {table} GROUP BY {parent}, "order" HAVING count(*) > 1)
) AS placed
WHERE placed.id = {table}.id
"""

COMPLETIONS = """
UPDATE enrollments SET completed_at = CASE WHEN status = 'COMPLETED' THEN updated_at END
WHERE (status = 'COMPLETED') <> (completed_at IS NOT NULL)
"""

CURRENCIES = """
UPDATE enrollments e SET payment_currency = c.currency FROM courses c
WHERE c.id = e.course_id AND e.payment_currency !~ '^[A-Z]{3}$'
"""

OWNER_IS_NO_MEMBER = """\
CREATE OR REPLACE FUNCTION owner_is_no_member() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    project uuid := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    PERFORM FROM specification_projects WHERE id = project FOR SHARE;
    IF EXISTS (
        SELECT FROM specification_projects p JOIN project_members m ON m.project_id = p.id AND m.user_id = p.owner_id
        WHERE p.id = project
    ) THEN
        RAISE EXCEPTION 'the owner of a project is no member of it'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'owner_is_no_member';
    END IF;
    RETURN NULL;
END $$"""

AN_OWNER_STAYS = """\
CREATE OR REPLACE FUNCTION an_owner_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM organizations WHERE id = OLD.organization_id FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT FROM organization_members WHERE organization_id = OLD.organization_id AND role = 'OWNER'
    ) THEN
        RAISE EXCEPTION 'an organization has an owner'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'an_owner_stays';
    END IF;
    RETURN NULL;
END $$"""

TRIGGERS = """\
CREATE CONSTRAINT TRIGGER owner_is_no_member AFTER INSERT OR UPDATE OF project_id, user_id ON project_members
    DEFERRABLE FOR EACH ROW EXECUTE FUNCTION owner_is_no_member('project_id');
CREATE CONSTRAINT TRIGGER owner_is_no_member AFTER UPDATE OF owner_id ON specification_projects
    DEFERRABLE FOR EACH ROW EXECUTE FUNCTION owner_is_no_member('id');
CREATE CONSTRAINT TRIGGER an_owner_stays AFTER DELETE OR UPDATE OF organization_id, role ON organization_members
    DEFERRABLE FOR EACH ROW WHEN (OLD.role = 'OWNER') EXECUTE FUNCTION an_owner_stays()"""


def upgrade() -> None:
    op.add_column('idempotency_keys', sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False))
    op.add_column('webhook_events', sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False))
    for table, times in TIMES.items():
        _make_finite(table, times)
    for statement in (CURRENT_VERSIONS, EARLIER_VERSIONS, OWNERS_AS_MEMBERS, COMPLETIONS, CURRENCIES):
        op.execute(statement)
    for table, parent in (('course_modules', 'course_id'), ('lessons', 'module_id')):
        op.execute(PLACES.format(table=table, parent=parent))
    op.create_unique_constraint(op.f('uq_course_modules_course_id_order'), 'course_modules', ['course_id', 'order'], deferrable=True, initially='IMMEDIATE')
    op.drop_constraint(op.f('uq_enrollments_user_id_course_id'), 'enrollments', type_='unique')
    op.create_index('uq_enrollments_user_id_course_id', 'enrollments', ['user_id', 'course_id'], unique=True, postgresql_where=sa.text("status IN ('ACTIVE', 'COMPLETED') AND payment_status IN ('PENDING', 'COMPLETED')"))
    op.create_index(op.f('ix_enrollments_user_id_course_id_enrolled_at_id'), 'enrollments', ['user_id', 'course_id', 'enrolled_at', 'id'], unique=False)
    op.create_unique_constraint(op.f('uq_lessons_module_id_order'), 'lessons', ['module_id', 'order'], deferrable=True, initially='IMMEDIATE')
    op.alter_column('repositories', 'github_id',
               existing_type=sa.INTEGER(),
               type_=sa.BigInteger(),
               existing_nullable=True)
    op.create_check_constraint(op.f('ck_enrollments_payment_currency'), 'enrollments', "payment_currency ~ '^[A-Z]{3}$'")
    op.create_check_constraint(op.f('ck_enrollments_completed'), 'enrollments', "(status = 'COMPLETED') = (completed_at IS NOT NULL)")
    for table, times in TIMES.items():
        op.create_check_constraint(op.f(f'ck_{table}_finite'), table, _are_finite(times))
    for statement in (OWNER_IS_NO_MEMBER, AN_OWNER_STAYS, *TRIGGERS.split(';')):
        op.execute(statement)
    for table in ('idempotency_keys', 'webhook_events'):
        op.execute(f'CREATE TRIGGER touch_updated_at BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')


def _make_finite(table: str, times: dict[str, bool]) -> None:
    """An infinite time becomes none where there may be none, and otherwise the time of this migration."""
    finite = (
        f'{name} = CASE WHEN isfinite({name}) THEN {name}{"" if nullable else " ELSE now()"} END'
        for name, nullable in times.items()
    )
    op.execute(f'UPDATE {table} SET {", ".join(finite)} WHERE NOT ({_are_finite(times)})')


def _are_finite(times: dict[str, bool]) -> str:
    return ' AND '.join(f'isfinite({name})' for name in times)
