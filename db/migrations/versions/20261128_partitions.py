"""partitions

The rows that there are become the default partition as they lie, and are moved from there into the months that are kept.
"""

import sqlalchemy as sa
from alembic import op

revision = '7b2f0c9a41d6'
down_revision = '3c9a1e5f7b20'
branch_labels = None
depends_on = None

FOREIGN_KEYS = {
    'audit_logs': {},
    'webhook_events': {'organization_id': 'organizations', 'repository_id': 'repositories'},
}
INDEXES = {
    'audit_logs': ['actor_id id', 'organization_id id', 'project_id id', 'resource resource_id id'],
    'webhook_events': ['event received_at', 'organization_id', 'received_at', 'repository_id received_at id'],
}
TRIGGERS = {
    'audit_logs': 'CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE ON audit_logs FOR EACH ROW EXECUTE FUNCTION entries_stay()',
    'webhook_events': 'CREATE TRIGGER touch_updated_at BEFORE UPDATE ON webhook_events FOR EACH ROW EXECUTE FUNCTION touch_updated_at()',
}
NEXT = "SELECT setval(pg_get_serial_sequence('audit_logs', 'sequence'), coalesce(max(sequence), 1), count(*) > 0) FROM audit_logs"


def upgrade() -> None:
    op.execute('CREATE SCHEMA partitions')
    op.create_table('webhook_deliveries',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('delivery_id', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('char_length(delivery_id) <= 100', name=op.f('ck_webhook_deliveries_delivery_id_length')),
    sa.CheckConstraint('isfinite(created_at)', name=op.f('ck_webhook_deliveries_finite')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_deliveries')),
    sa.UniqueConstraint('delivery_id', name=op.f('uq_webhook_deliveries_delivery_id'))
    )
    op.execute('INSERT INTO webhook_deliveries SELECT id, delivery_id, created_at FROM webhook_events')
    op.drop_constraint('uq_webhook_events_delivery_id', 'webhook_events', type_='unique')
    op.execute('ALTER TABLE audit_logs ALTER COLUMN sequence DROP IDENTITY')
    for table in FOREIGN_KEYS:
        _cut(table)
    op.execute(NEXT)


def _cut(table: str) -> None:
    """Put a table with partitions in the place of one, which becomes its default partition."""
    default = f'partitions.{table}_default'
    op.execute(f'DROP TRIGGER {TRIGGERS[table].split()[2]} ON {table}')
    op.execute(f'ALTER TABLE {table} RENAME TO {table}_default')
    op.execute(f'ALTER TABLE {table}_default SET SCHEMA partitions')
    op.execute(f'CREATE TABLE {table} (LIKE {default} INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (id)')
    if table == 'audit_logs':
        op.execute('ALTER TABLE audit_logs ALTER COLUMN sequence ADD GENERATED ALWAYS AS IDENTITY')
    op.create_primary_key(op.f(f'pk_{table}'), table, ['id'])
    for column, to in FOREIGN_KEYS[table].items():
        op.create_foreign_key(op.f(f'fk_{table}_{column}'), table, to, [column], ['id'], ondelete='CASCADE')
    op.execute(f'ALTER TABLE {table} ATTACH PARTITION {default} DEFAULT')
    for index in INDEXES[table]:
        columns = index.split()
        op.create_index(op.f(f'ix_{table}_{"_".join(columns)}'), table, columns)
    op.execute(TRIGGERS[table])
