"""threads by now"""

from alembic import op

revision = 'c41e0a9d7b52'
down_revision = '67bde019e489'
branch_labels = None
depends_on = None

THREADS = "CREATE OR REPLACE FUNCTION comment_threads_by_now_of_document(parent uuid) RETURNS SETOF uuid LANGUAGE sql VOLATILE BEGIN ATOMIC SELECT id FROM comment_threads WHERE document_id = parent; END"


def upgrade() -> None:
    op.execute(THREADS)
