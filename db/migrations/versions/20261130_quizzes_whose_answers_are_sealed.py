"""quizzes whose answers are sealed"""

import sqlalchemy as sa
from alembic import op

revision = 'ca4ade50317b'
down_revision = '1f0358d77eb2'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column('questions', 'explanation')
    op.add_column('quiz_attempts', sa.Column('correct_answers', sa.LargeBinary(), nullable=True))
    op.add_column('quiz_attempts', sa.Column('passing_score', sa.Integer(), server_default='70', nullable=False))
    op.create_check_constraint(
        op.f('ck_quiz_attempts_passing_score'), 'quiz_attempts', 'passing_score BETWEEN 0 AND 100'
    )
    op.execute("ALTER TYPE notificationtype ADD VALUE 'QUIZ_GRADED'")
