"""courses that are written

What inputs write of a course has a form and a greatest length. A title that is blank, from writers other than the graph,
becomes a hyphen, and a name in addresses without the form one that is made of the id.
"""

from alembic import op

revision = '0efe3e85a83d'
down_revision = '1ce91e8e119b'
branch_labels = None
depends_on = None

SLUG = "slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'"
LONGEST = {
    'course_modules.title': 200,
    'course_modules.description': 20000,
    'lessons.title': 200,
    'lessons.content': 100000,
    'lessons.video_url': 2000,
}


def upgrade() -> None:
    op.execute(f"UPDATE courses SET slug = 'course-' || id WHERE NOT ({SLUG})")
    op.create_check_constraint(op.f('ck_courses_slug'), 'courses', SLUG)
    for table in ('courses', 'course_modules', 'lessons'):
        is_filled = "title COLLATE pg_catalog.pg_c_utf8 ~ '[^[:space:]]'"
        op.execute(f"UPDATE {table} SET title = '-' WHERE NOT ({is_filled})")
        op.create_check_constraint(op.f(f'ck_{table}_title'), table, is_filled)
    op.create_check_constraint(op.f('ck_lessons_duration'), 'lessons', 'duration BETWEEN 0 AND 10000')
    for place, longest in LONGEST.items():
        table, column = place.split('.')
        op.create_check_constraint(op.f(f'ck_{table}_{column}_length'), table, f'char_length({column}) <= {longest}')
