"""organizations whose people are invited"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = 'f6b33038a550'
down_revision = 'b33bfef8a6b4'
branch_labels = None
depends_on = None

CHECKS = {
    'slug': "slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'",
    'name': "name COLLATE pg_catalog.pg_c_utf8 ~ '[^[:space:]]'",
    'description_length': 'char_length(description) <= 2000',
}
# What does not fit is made to; where the letters of a name in addresses change, it has to stay unique.
MENDED = (
    r'''
UPDATE organizations
SET slug = trim(both '-' from regexp_replace(lower(slug), '[^a-z0-9]+', '-', 'g') || '-' || left(md5(id::text), 8))
WHERE slug !~ '^[a-z0-9]+(-[a-z0-9]+)*$' ''',
    r'''
UPDATE organizations SET name = slug WHERE name COLLATE pg_catalog.pg_c_utf8 !~ '[^[:space:]]' ''',
    r'''
UPDATE organizations SET description = left(description, 2000) WHERE char_length(description) > 2000''',
)


def upgrade() -> None:
    op.create_table('invitations',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('organization_id', sa.Uuid(), nullable=True),
    sa.Column('organization_role', postgresql.ENUM(name='organizationrole', create_type=False), nullable=True),
    sa.Column('project_id', sa.Uuid(), nullable=True),
    sa.Column('project_role', postgresql.ENUM(name='projectrole', create_type=False), nullable=True),
    sa.Column('status', sa.Enum('PENDING', 'ACCEPTED', 'DECLINED', 'REVOKED', 'EXPIRED', name='invitationstatus'), server_default='PENDING', nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('invited_by_id', sa.Uuid(), nullable=True),
    sa.Column('invitee_id', sa.Uuid(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("email LIKE '%_@_%'", name=op.f('ck_invitations_email')),
    sa.CheckConstraint('char_length(email) <= 254', name=op.f('ck_invitations_email_length')),
    sa.CheckConstraint('email = lower(email)', name=op.f('ck_invitations_lower')),
    sa.CheckConstraint('isfinite(expires_at) AND isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_invitations_finite')),
    sa.CheckConstraint('num_nonnulls(organization_id, project_id) = 1 AND (organization_id IS NULL) = (organization_role IS NULL) AND (project_id IS NULL) = (project_role IS NULL)', name=op.f('ck_invitations_target')),
    sa.ForeignKeyConstraint(['invited_by_id'], ['users.id'], name=op.f('fk_invitations_invited_by_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['invitee_id'], ['users.id'], name=op.f('fk_invitations_invitee_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['organization_id'], ['organizations.id'], name=op.f('fk_invitations_organization_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['project_id'], ['specification_projects.id'], name=op.f('fk_invitations_project_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitations')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_invitations_token_hash'))
    )
    op.create_index(op.f('ix_invitations_email_created_at_id'), 'invitations', ['email', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_invitations_invited_by_id_created_at'), 'invitations', ['invited_by_id', 'created_at'], unique=False)
    op.create_index(op.f('ix_invitations_invitee_id'), 'invitations', ['invitee_id'], unique=False)
    op.create_index(op.f('ix_invitations_organization_id_created_at_id'), 'invitations', ['organization_id', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_invitations_project_id_created_at_id'), 'invitations', ['project_id', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_invitations_status_expires_at'), 'invitations', ['status', 'expires_at'], unique=False)
    op.create_index('uq_invitations_organization_pending', 'invitations', ['organization_id', 'email'], unique=True, postgresql_where=sa.text("status = 'PENDING'"))
    op.create_index('uq_invitations_project_pending', 'invitations', ['project_id', 'email'], unique=True, postgresql_where=sa.text("status = 'PENDING'"))
    op.drop_index(op.f('ix_audit_logs_actor_id_id'), table_name='audit_logs')
    op.drop_index(op.f('ix_audit_logs_organization_id_id'), table_name='audit_logs')
    op.drop_index(op.f('ix_audit_logs_project_id_id'), table_name='audit_logs')
    op.create_index(op.f('ix_audit_logs_actor_id_created_at_id'), 'audit_logs', ['actor_id', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_audit_logs_organization_id_created_at_id'), 'audit_logs', ['organization_id', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_audit_logs_project_id_created_at_id'), 'audit_logs', ['project_id', 'created_at', 'id'], unique=False)
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON invitations FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    for statement in MENDED:
        op.execute(statement)
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f'ck_organizations_{name}'), 'organizations', condition)
