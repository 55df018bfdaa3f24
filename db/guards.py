"""What holds between the rows of several tables: PostgreSQL refuses what would break it, whoever writes.

A guard is a function and the triggers that run it; a transaction can put it off until it ends. It locks the row that
both sides of a race have in common, so that of two changes that break the rule together the second is refused.
"""

from typing import Any

from sqlalchemy import MetaData, event, text

from db.base import Base

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


@event.listens_for(Base.metadata, "after_create")
def _create(_target: MetaData, connection: Any, **_: Any) -> None:
    for statement in (OWNER_IS_NO_MEMBER, AN_OWNER_STAYS, *TRIGGERS.split(";")):
        connection.execute(text(statement))
