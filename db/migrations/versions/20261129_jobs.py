"""a job is gone when it has ended, counts its tries itself, and leaves a log only of failures"""

from alembic import op

revision = '9d3b5e7a1c48'
down_revision = '6e1f9c30b7d4'
branch_labels = None
depends_on = None

STATEMENTS = (
    # Each time that a worker takes a job counts as a try, also one that ends with the worker. The library itself counts
    # those that fail.
    r'''
CREATE FUNCTION queue.fn_taken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'picked' THEN
        NEW.attempts := OLD.attempts + 1;
    ELSIF OLD.status = 'picked' THEN
        NEW.attempts := OLD.attempts;
    END IF;
    RETURN NEW;
END;
$$''',
    r'''
CREATE TRIGGER tg_taken BEFORE UPDATE OF status ON queue.pgqueuer FOR EACH ROW EXECUTE FUNCTION queue.fn_taken()''',
    # Nobody reads more of the log than why jobs have failed.
    r'''
CREATE FUNCTION queue.fn_skipped() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END; $$''',
    r'''
CREATE TRIGGER tg_skipped BEFORE INSERT ON queue.pgqueuer_log
FOR EACH ROW WHEN (NEW.traceback IS NULL) EXECUTE FUNCTION queue.fn_skipped()''',
    # The end of a job is no news to workers.
    r'''
CREATE OR REPLACE TRIGGER tg_pgqueuer_changed AFTER INSERT ON queue.pgqueuer EXECUTE FUNCTION queue.fn_pgqueuer_changed()''',
    r'''
DELETE FROM queue.pgqueuer WHERE status = 'successful' ''',
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
