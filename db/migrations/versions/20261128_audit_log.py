"""audit log"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '4ad5c1dfbd3c'
down_revision = '8e41b7d90c52'
branch_labels = None
depends_on = None

ENTRIES_STAY = """\
CREATE OR REPLACE FUNCTION entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the audit log stay as they are'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entries_stay';
END $$"""
TRIGGER = "CREATE TRIGGER entries_stay BEFORE UPDATE OR DELETE ON audit_logs FOR EACH ROW EXECUTE FUNCTION entries_stay()"


def upgrade() -> None:
    op.create_table('audit_logs',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('api_key_id', sa.Uuid(), nullable=True),
    sa.Column('organization_id', sa.Uuid(), nullable=True),
    sa.Column('project_id', sa.Uuid(), nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('resource', sa.Text(), nullable=False),
    sa.Column('resource_id', sa.Uuid(), nullable=True),
    sa.Column('before', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('after', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('details', postgresql.JSONB(astext_type=sa.Text()), server_default='{}', nullable=False),
    sa.Column('request_id', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("action ~ '^[a-z]+(_[a-z]+)*$'", name=op.f('ck_audit_logs_action')),
    sa.CheckConstraint('char_length(action) <= 100', name=op.f('ck_audit_logs_action_length')),
    sa.CheckConstraint('char_length(resource) <= 100', name=op.f('ck_audit_logs_resource_length')),
    sa.CheckConstraint('isfinite(created_at)', name=op.f('ck_audit_logs_finite')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_logs'))
    )
    op.create_index(op.f('ix_audit_logs_actor_id_id'), 'audit_logs', ['actor_id', 'id'], unique=False)
    op.create_index(op.f('ix_audit_logs_organization_id_id'), 'audit_logs', ['organization_id', 'id'], unique=False)
    op.create_index(op.f('ix_audit_logs_project_id_id'), 'audit_logs', ['project_id', 'id'], unique=False)
    op.create_index(op.f('ix_audit_logs_resource_resource_id_id'), 'audit_logs', ['resource', 'resource_id', 'id'], unique=False)
    for statement in (ENTRIES_STAY, TRIGGER):
        op.execute(statement)
