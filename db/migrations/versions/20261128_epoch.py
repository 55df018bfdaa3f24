"""the epoch of the outbox"""

import sqlalchemy as sa
from alembic import op

revision = 'd2a6b84f0c71'
down_revision = 'a35e5f1126a6'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('outbox_epochs',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('isfinite(created_at)', name=op.f('ck_outbox_epochs_finite')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_epochs'))
    )
    op.execute('INSERT INTO outbox_epochs (id) VALUES (gen_random_uuid())')
