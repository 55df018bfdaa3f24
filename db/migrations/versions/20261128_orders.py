"""orders over columns that may be null

Lists of pull requests and of enrollments are read along these from the latest on.
"""

from alembic import op
from sqlalchemy import text

revision = '3c9a1e5f7b20'
down_revision = '4ad5c1dfbd3c'
branch_labels = None
depends_on = None

LATEST = [text('merged_at DESC NULLS LAST'), text('id DESC')]
COMPLETED = [text('completed_at DESC NULLS LAST'), text('id DESC')]


def upgrade() -> None:
    op.create_index('ix_pull_requests_merged', 'pull_requests', ['repository_id', *LATEST])
    op.create_index('ix_enrollments_completed', 'enrollments', ['course_id', *COMPLETED])
