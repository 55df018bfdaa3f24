"""courses are written"""

import sqlalchemy as sa
from alembic import op

revision = '1f0358d77eb2'
down_revision = 'a2fd1b33f624'
branch_labels = None
depends_on = None

ADDRESS = '^(https?://|/)[^[:space:]]+$'
ADDRESSES = (('courses', 'thumbnail_url'), ('courses', 'video_url'), ('course_modules', 'video_url'), ('lessons', 'video_url'))
OWNERS = (('user_id', 'users'), ('course_id', 'courses'), ('lesson_id', 'lessons'))
"""The columns of what a file belongs to: it stays when that is gone."""
LENGTHS = {
    'courses': {'language': 35, 'license': 200, 'attribution': 2000, 'thumbnail_url': 2000, 'video_url': 2000},
    'course_modules': {'video_url': 2000, 'content': 100000},
}
CURRENCY = (
    """\
CREATE OR REPLACE FUNCTION a_currency_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM transactions WHERE course_id = NEW.id) THEN
        RAISE EXCEPTION 'there are payments for this course'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'a_currency_stays';
    END IF;
    RETURN NULL;
END $$""",
    """\
CREATE CONSTRAINT TRIGGER a_currency_stays AFTER UPDATE OF currency ON courses
    DEFERRABLE FOR EACH ROW WHEN (OLD.currency <> NEW.currency) EXECUTE FUNCTION a_currency_stays()""",
)


def upgrade() -> None:
    op.add_column('courses', sa.Column('deleted', sa.Boolean(), sa.Computed('deleted_at IS NOT NULL', persisted=True), nullable=False))
    op.drop_constraint(op.f('ck_courses_access_days'), 'courses')
    op.create_check_constraint(op.f('ck_courses_access_days'), 'courses', 'access_days BETWEEN 1 AND 10000')
    op.create_check_constraint(op.f('ck_courses_duration_hours'), 'courses', 'duration_hours BETWEEN 0 AND 10000')
    op.create_check_constraint(op.f('ck_courses_language'), 'courses', "language ~ '^[A-Za-z]+(-[A-Za-z0-9]+)*$'")
    op.create_check_constraint(op.f('ck_course_modules_duration'), 'course_modules', 'duration BETWEEN 0 AND 1000000')
    for table, columns in LENGTHS.items():
        for column, longest in columns.items():
            op.create_check_constraint(op.f(f'ck_{table}_{column}_length'), table, f'char_length({column}) <= {longest}')
    for table, column in ADDRESSES:
        op.execute(f"UPDATE {table} SET {column} = NULL WHERE {column} !~ '{ADDRESS}'")  # it led nowhere
        op.create_check_constraint(op.f(f'ck_{table}_{column}'), table, f"{column} ~ '{ADDRESS}'")
    op.create_check_constraint(op.f('ck_media_url'), 'media', f"url ~ '{ADDRESS}'")
    for column, table in OWNERS:
        op.drop_constraint(op.f(f'fk_media_{column}'), 'media', type_='foreignkey')
        op.create_foreign_key(op.f(f'fk_media_{column}'), 'media', table, [column], ['id'], ondelete='SET NULL')
    for statement in CURRENCY:
        op.execute(statement)
