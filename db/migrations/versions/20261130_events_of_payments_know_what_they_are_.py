"""events of payments know what they are about"""

import sqlalchemy as sa
from alembic import op

revision = '3047096a18e9'
down_revision = '87be9def754c'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('payment_events', sa.Column('charge', sa.Text(), nullable=True))
    op.create_check_constraint(op.f('ck_payment_events_charge_length'), 'payment_events', 'char_length(charge) <= 200')
    op.add_column('payment_events', sa.Column('transaction_id', sa.Uuid(), nullable=True))
    op.add_column('payment_events', sa.Column('is_processed', sa.Boolean(), sa.Computed('processed_at IS NOT NULL', persisted=True), nullable=False))
    op.add_column('payment_events', sa.Column('is_parked', sa.Boolean(), sa.Computed('parked_at IS NOT NULL', persisted=True), nullable=False))
    op.drop_index('ix_payment_events_waiting', 'payment_events')
    op.create_index('ix_payment_events_waiting', 'payment_events', ['received_at', 'id'], unique=False, postgresql_where=sa.text('NOT is_processed AND NOT is_parked'))
    op.create_index('ix_payment_events_parked', 'payment_events', ['received_at', 'id'], unique=False, postgresql_where=sa.text('is_parked'))
    op.create_index(op.f('ix_payment_events_provider_charge'), 'payment_events', ['provider', 'charge'], unique=False)
    op.create_index(op.f('ix_payment_events_transaction_id_occurred_at_id'), 'payment_events', ['transaction_id', 'occurred_at', 'id'], unique=False)
    op.create_foreign_key(op.f('fk_payment_events_transaction_id'), 'payment_events', 'transactions', ['transaction_id'], ['id'], ondelete='SET NULL')
    op.alter_column('transactions', 'provider',
               existing_type=sa.TEXT(),
               nullable=True)
    op.execute("ALTER TYPE notificationtype ADD VALUE 'PAYMENT_REFUNDED' BEFORE 'MENTION'")
