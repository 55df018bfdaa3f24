"""partial indexes

Those that no read can use go, and the others have the columns that lists are sorted by.
"""

from alembic import op
from sqlalchemy import text

revision = '8e41b7d90c52'
down_revision = '5d0c2f6e8a13'
branch_labels = None
depends_on = None

GONE = {
    'ix_courses_published_catalog': 'courses',
    'ix_enrollments_expires_at': 'enrollments',
    'ix_course_progress_incomplete': 'course_progress',
    'ix_lesson_progress_incomplete': 'lesson_progress',
    'ix_webhook_events_waiting': 'webhook_events',
}


def upgrade() -> None:
    for name, table in GONE.items():
        op.drop_index(op.f(name), table_name=table)
    op.create_index('ix_courses_published_catalog', 'courses', ['created_at', 'id'], postgresql_where=text('published'))
    op.create_index(
        'ix_lesson_progress_incomplete',
        'lesson_progress',
        ['progress_id', 'last_watched_at', 'id'],
        postgresql_where=text('NOT completed'),
    )
