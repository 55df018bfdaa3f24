"""events are relayed by their age, and have their jobs made although they cannot be published"""

import sqlalchemy as sa
from alembic import op

revision = '6e1f9c30b7d4'
down_revision = 'd2a6b84f0c71'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('outbox_events', sa.Column('queued_at', sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f('ck_outbox_events_finite'), 'outbox_events')
    op.create_check_constraint(op.f('ck_outbox_events_finite'), 'outbox_events', 'isfinite(published_at) AND isfinite(queued_at) AND isfinite(created_at)')
    op.create_check_constraint(op.f('ck_outbox_events_kind_length'), 'outbox_events', 'char_length(kind) <= 100')
    op.drop_index('ix_outbox_events_unpublished', table_name='outbox_events')
    op.create_index('ix_outbox_events_unpublished', 'outbox_events', ['id'], unique=False, postgresql_where=sa.text('published_at IS NULL'))
    op.create_index('ix_outbox_events_without_jobs', 'outbox_events', ['kind'], unique=False, postgresql_where=sa.text('published_at IS NULL AND queued_at IS NULL'))
