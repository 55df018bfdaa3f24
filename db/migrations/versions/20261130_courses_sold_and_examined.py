"""courses authored, sold, examined and certified"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '071bf9102024'
down_revision = 'c41e0a9d7b52'
branch_labels = None
depends_on = None

PUBLISHED = (
    'ALTER TABLE courses DISABLE TRIGGER touch_updated_at',
    'UPDATE courses SET published_at = created_at WHERE published',
    'ALTER TABLE courses ENABLE TRIGGER touch_updated_at',
)
"""Nobody noted when a course was published before: it was no earlier than it was made."""


def upgrade() -> None:
    op.execute('CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n    NEW.updated_at := now();\n    RETURN NEW;\nEND $$')
    op.create_table('payment_events',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('provider_event_id', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('processed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('parked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default='0', nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('attempts >= 0', name=op.f('ck_payment_events_attempts')),
    sa.CheckConstraint('char_length(error) <= 1000', name=op.f('ck_payment_events_error_length')),
    sa.CheckConstraint('char_length(provider) <= 50', name=op.f('ck_payment_events_provider_length')),
    sa.CheckConstraint('char_length(provider_event_id) <= 200', name=op.f('ck_payment_events_provider_event_id_length')),
    sa.CheckConstraint('char_length(type) <= 100', name=op.f('ck_payment_events_type_length')),
    sa.CheckConstraint('isfinite(occurred_at) AND isfinite(received_at) AND isfinite(processed_at) AND isfinite(parked_at) AND isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_payment_events_finite')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_events')),
    sa.UniqueConstraint('provider', 'provider_event_id', name=op.f('uq_payment_events_provider_provider_event_id'))
    )
    op.create_index(op.f('ix_payment_events_received_at_id'), 'payment_events', ['received_at', 'id'], unique=False)
    op.create_index('ix_payment_events_waiting', 'payment_events', ['received_at', 'id'], unique=False, postgresql_where=sa.text('processed_at IS NULL'))
    op.create_table('course_analytics',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('course_id', sa.Uuid(), nullable=False),
    sa.Column('total_enrollments', sa.Integer(), server_default='0', nullable=False),
    sa.Column('active_enrollments', sa.Integer(), server_default='0', nullable=False),
    sa.Column('completed_enrollments', sa.Integer(), server_default='0', nullable=False),
    sa.Column('completion_rate', sa.Double(), server_default='0', nullable=False),
    sa.Column('average_progress', sa.Double(), server_default='0', nullable=False),
    sa.Column('total_revenue', sa.Numeric(precision=12, scale=2), server_default='0', nullable=False),
    sa.Column('currency', sa.Text(), server_default='USD', nullable=False),
    sa.Column('average_rating', sa.Double(), nullable=True),
    sa.Column('last_calculated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f('ck_course_analytics_currency')),
    sa.CheckConstraint('average_progress BETWEEN 0 AND 100', name=op.f('ck_course_analytics_average_progress')),
    sa.CheckConstraint('average_rating BETWEEN 0 AND 5', name=op.f('ck_course_analytics_average_rating')),
    sa.CheckConstraint('completion_rate BETWEEN 0 AND 100', name=op.f('ck_course_analytics_completion_rate')),
    sa.CheckConstraint('isfinite(last_calculated_at) AND isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_course_analytics_finite')),
    sa.CheckConstraint('total_revenue >= 0', name=op.f('ck_course_analytics_total_revenue')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_course_analytics_course_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_course_analytics')),
    sa.UniqueConstraint('course_id', name=op.f('uq_course_analytics_course_id'))
    )
    op.create_table('course_prerequisites',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('course_id', sa.Uuid(), nullable=False),
    sa.Column('required_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('isfinite(created_at)', name=op.f('ck_course_prerequisites_finite')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_course_prerequisites_course_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['required_id'], ['courses.id'], name=op.f('fk_course_prerequisites_required_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_course_prerequisites')),
    sa.UniqueConstraint('course_id', 'required_id', name=op.f('uq_course_prerequisites_course_id_required_id'))
    )
    op.create_index(op.f('ix_course_prerequisites_required_id'), 'course_prerequisites', ['required_id'], unique=False)
    op.create_table('course_reviews',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('course_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('rating', sa.Integer(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=True),
    sa.Column('is_hidden', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('char_length(comment) <= 5000', name=op.f('ck_course_reviews_comment_length')),
    sa.CheckConstraint('isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_course_reviews_finite')),
    sa.CheckConstraint('rating BETWEEN 1 AND 5', name=op.f('ck_course_reviews_rating')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_course_reviews_course_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_course_reviews_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_course_reviews')),
    sa.UniqueConstraint('course_id', 'user_id', name=op.f('uq_course_reviews_course_id_user_id'))
    )
    op.create_index(op.f('ix_course_reviews_course_id_created_at_id'), 'course_reviews', ['course_id', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_course_reviews_user_id'), 'course_reviews', ['user_id'], unique=False)
    op.create_table('certificates',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('course_id', sa.Uuid(), nullable=True),
    sa.Column('enrollment_id', sa.Uuid(), nullable=True),
    sa.Column('holder_name', sa.Text(), nullable=False),
    sa.Column('course_title', sa.Text(), nullable=False),
    sa.Column('certificate_no', sa.Text(), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('char_length(certificate_no) <= 20', name=op.f('ck_certificates_certificate_no_length')),
    sa.CheckConstraint('char_length(course_title) <= 200', name=op.f('ck_certificates_course_title_length')),
    sa.CheckConstraint('char_length(holder_name) <= 200', name=op.f('ck_certificates_holder_name_length')),
    sa.CheckConstraint('isfinite(issued_at) AND isfinite(expires_at) AND isfinite(revoked_at) AND isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_certificates_finite')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_certificates_course_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['enrollment_id'], ['enrollments.id'], name=op.f('fk_certificates_enrollment_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_certificates_user_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_certificates')),
    sa.UniqueConstraint('certificate_no', name=op.f('uq_certificates_certificate_no'))
    )
    op.create_index(op.f('ix_certificates_course_id_issued_at_id'), 'certificates', ['course_id', 'issued_at', 'id'], unique=False)
    op.create_index(op.f('ix_certificates_enrollment_id'), 'certificates', ['enrollment_id'], unique=False)
    op.create_index(op.f('ix_certificates_user_id_issued_at_id'), 'certificates', ['user_id', 'issued_at', 'id'], unique=False)
    op.create_index('uq_certificates_user_id_course_id', 'certificates', ['user_id', 'course_id'], unique=True, postgresql_where=sa.text('revoked_at IS NULL'))
    op.create_table('transactions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=True),
    sa.Column('course_id', sa.Uuid(), nullable=True),
    sa.Column('enrollment_id', sa.Uuid(), nullable=True),
    sa.Column('user_email', sa.Text(), nullable=False),
    sa.Column('course_title', sa.Text(), nullable=True),
    sa.Column('amount', sa.Numeric(precision=12, scale=2), nullable=False),
    sa.Column('currency', sa.Text(), server_default='USD', nullable=False),
    sa.Column('status', postgresql.ENUM(name='paymentstatus', create_type=False), server_default='PENDING', nullable=False),
    sa.Column('provider', sa.Text(), nullable=False),
    sa.Column('provider_txn_id', sa.Text(), nullable=True),
    sa.Column('failure_reason', sa.Text(), nullable=True),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('refunded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("(status = 'FAILED') = (failed_at IS NOT NULL)", name=op.f('ck_transactions_failed')),
    sa.CheckConstraint("(status = 'REFUNDED') = (refunded_at IS NOT NULL)", name=op.f('ck_transactions_refunded')),
    sa.CheckConstraint("(status IN ('COMPLETED', 'REFUNDED')) = (completed_at IS NOT NULL)", name=op.f('ck_transactions_completed')),
    sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f('ck_transactions_currency')),
    sa.CheckConstraint('amount >= 0', name=op.f('ck_transactions_amount')),
    sa.CheckConstraint('char_length(course_title) <= 200', name=op.f('ck_transactions_course_title_length')),
    sa.CheckConstraint('char_length(failure_reason) <= 1000', name=op.f('ck_transactions_failure_reason_length')),
    sa.CheckConstraint('char_length(provider) <= 50', name=op.f('ck_transactions_provider_length')),
    sa.CheckConstraint('char_length(provider_txn_id) <= 200', name=op.f('ck_transactions_provider_txn_id_length')),
    sa.CheckConstraint('char_length(user_email) <= 320', name=op.f('ck_transactions_user_email_length')),
    sa.CheckConstraint('isfinite(completed_at) AND isfinite(failed_at) AND isfinite(refunded_at) AND isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_transactions_finite')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_transactions_course_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['enrollment_id'], ['enrollments.id'], name=op.f('fk_transactions_enrollment_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_transactions_user_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transactions')),
    sa.UniqueConstraint('provider', 'provider_txn_id', name=op.f('uq_transactions_provider_provider_txn_id'))
    )
    op.create_index(op.f('ix_transactions_course_id_status'), 'transactions', ['course_id', 'status'], unique=False)
    op.create_index(op.f('ix_transactions_created_at_id'), 'transactions', ['created_at', 'id'], unique=False)
    op.create_index(op.f('ix_transactions_enrollment_id'), 'transactions', ['enrollment_id'], unique=False)
    op.create_index(op.f('ix_transactions_status_created_at_id'), 'transactions', ['status', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_transactions_user_id_created_at_id'), 'transactions', ['user_id', 'created_at', 'id'], unique=False)
    op.create_table('quizzes',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('course_id', sa.Uuid(), nullable=False),
    sa.Column('module_id', sa.Uuid(), nullable=True),
    sa.Column('lesson_id', sa.Uuid(), nullable=True),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('passing_score', sa.Integer(), server_default='70', nullable=False),
    sa.Column('time_limit', sa.Integer(), nullable=True),
    sa.Column('max_attempts', sa.Integer(), server_default='3', nullable=False),
    sa.Column('is_published', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('reveal', sa.Enum('NEVER', 'AFTER_PASS_OR_LAST', 'AFTER_ATTEMPT', name='reveal'), server_default='AFTER_PASS_OR_LAST', nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("title COLLATE pg_catalog.pg_c_utf8 ~ '[^[:space:]]'", name=op.f('ck_quizzes_title')),
    sa.CheckConstraint('char_length(description) <= 20000', name=op.f('ck_quizzes_description_length')),
    sa.CheckConstraint('char_length(title) <= 200', name=op.f('ck_quizzes_title_length')),
    sa.CheckConstraint('isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_quizzes_finite')),
    sa.CheckConstraint('max_attempts BETWEEN 1 AND 1000', name=op.f('ck_quizzes_max_attempts')),
    sa.CheckConstraint('passing_score BETWEEN 0 AND 100', name=op.f('ck_quizzes_passing_score')),
    sa.CheckConstraint('time_limit BETWEEN 1 AND 10000', name=op.f('ck_quizzes_time_limit')),
    sa.CheckConstraint('version >= 1', name=op.f('ck_quizzes_version')),
    sa.ForeignKeyConstraint(['course_id'], ['courses.id'], name=op.f('fk_quizzes_course_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['lesson_id'], ['lessons.id'], name=op.f('fk_quizzes_lesson_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['module_id'], ['course_modules.id'], name=op.f('fk_quizzes_module_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quizzes'))
    )
    op.create_index(op.f('ix_quizzes_course_id_created_at_id'), 'quizzes', ['course_id', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_quizzes_lesson_id'), 'quizzes', ['lesson_id'], unique=False)
    op.create_index(op.f('ix_quizzes_module_id'), 'quizzes', ['module_id'], unique=False)
    op.create_table('questions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('quiz_id', sa.Uuid(), nullable=False),
    sa.Column('type', sa.Enum('MULTIPLE_CHOICE', 'MULTIPLE_SELECT', 'TRUE_FALSE', 'SHORT_ANSWER', 'ESSAY', name='questiontype'), nullable=False),
    sa.Column('question', sa.Text(), nullable=False),
    sa.Column('options', postgresql.JSONB(), server_default='[]', nullable=False),
    sa.Column('correct_answer', sa.LargeBinary(), nullable=True),
    sa.Column('explanation', sa.Text(), nullable=True),
    sa.Column('points', sa.Integer(), server_default='1', nullable=False),
    sa.Column('order', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("question COLLATE pg_catalog.pg_c_utf8 ~ '[^[:space:]]'", name=op.f('ck_questions_question')),
    sa.CheckConstraint('char_length(explanation) <= 20000', name=op.f('ck_questions_explanation_length')),
    sa.CheckConstraint('char_length(question) <= 20000', name=op.f('ck_questions_question_length')),
    sa.CheckConstraint('isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_questions_finite')),
    sa.CheckConstraint('points BETWEEN 1 AND 1000', name=op.f('ck_questions_points')),
    sa.ForeignKeyConstraint(['quiz_id'], ['quizzes.id'], name=op.f('fk_questions_quiz_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_questions')),
    sa.UniqueConstraint('quiz_id', 'order', deferrable=True, initially='IMMEDIATE', name=op.f('uq_questions_quiz_id_order'))
    )
    op.create_index(op.f('ix_questions_quiz_id_order_id'), 'questions', ['quiz_id', 'order', 'id'], unique=False)
    op.create_table('quiz_attempts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('quiz_id', sa.Uuid(), nullable=False),
    sa.Column('user_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('status', sa.Enum('IN_PROGRESS', 'SUBMITTED', 'GRADED', name='quizattemptstatus'), server_default='IN_PROGRESS', nullable=False),
    sa.Column('is_expired', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('questions', postgresql.JSONB(), server_default='[]', nullable=False),
    sa.Column('score', sa.Double(), nullable=True),
    sa.Column('passed', sa.Boolean(), nullable=True),
    sa.Column('started_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('deadline_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('graded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("(status = 'GRADED') = (graded_at IS NOT NULL)", name=op.f('ck_quiz_attempts_graded')),
    sa.CheckConstraint('num_nulls(score, passed, graded_at) IN (0, 3)', name=op.f('ck_quiz_attempts_scored')),
    sa.CheckConstraint("(status = 'IN_PROGRESS') = (completed_at IS NULL)", name=op.f('ck_quiz_attempts_completed')),
    sa.CheckConstraint('isfinite(started_at) AND isfinite(deadline_at) AND isfinite(completed_at) AND isfinite(graded_at) AND isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_quiz_attempts_finite')),
    sa.CheckConstraint('number >= 1', name=op.f('ck_quiz_attempts_number')),
    sa.CheckConstraint('score BETWEEN 0 AND 100', name=op.f('ck_quiz_attempts_score')),
    sa.ForeignKeyConstraint(['quiz_id'], ['quizzes.id'], name=op.f('fk_quiz_attempts_quiz_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_quiz_attempts_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quiz_attempts')),
    sa.UniqueConstraint('quiz_id', 'user_id', 'number', name=op.f('uq_quiz_attempts_quiz_id_user_id_number'))
    )
    op.create_index('ix_quiz_attempts_deadline', 'quiz_attempts', ['deadline_at'], unique=False, postgresql_where=sa.text("status = 'IN_PROGRESS'"))
    op.create_index(op.f('ix_quiz_attempts_quiz_id_started_at_id'), 'quiz_attempts', ['quiz_id', 'started_at', 'id'], unique=False)
    op.create_index(op.f('ix_quiz_attempts_user_id_quiz_id_started_at'), 'quiz_attempts', ['user_id', 'quiz_id', 'started_at'], unique=False)
    op.create_index(op.f('ix_quiz_attempts_user_id_started_at_id'), 'quiz_attempts', ['user_id', 'started_at', 'id'], unique=False)
    op.create_index('uq_quiz_attempts_in_progress', 'quiz_attempts', ['quiz_id', 'user_id'], unique=True, postgresql_where=sa.text("status = 'IN_PROGRESS'"))
    op.create_table('quiz_answers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('attempt_id', sa.Uuid(), nullable=False),
    sa.Column('question_id', sa.Uuid(), nullable=False),
    sa.Column('answer', postgresql.JSONB(), server_default='{}', nullable=False),
    sa.Column('sequence', sa.Integer(), server_default='0', nullable=False),
    sa.Column('is_correct', sa.Boolean(), nullable=True),
    sa.Column('points', sa.Double(), nullable=True),
    sa.Column('feedback', sa.Text(), nullable=True),
    sa.Column('graded_by_id', sa.Uuid(), nullable=True),
    sa.Column('graded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('char_length(feedback) <= 5000', name=op.f('ck_quiz_answers_feedback_length')),
    sa.CheckConstraint('isfinite(graded_at) AND isfinite(created_at) AND isfinite(updated_at)', name=op.f('ck_quiz_answers_finite')),
    sa.CheckConstraint('points >= 0', name=op.f('ck_quiz_answers_points')),
    sa.ForeignKeyConstraint(['attempt_id'], ['quiz_attempts.id'], name=op.f('fk_quiz_answers_attempt_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['graded_by_id'], ['users.id'], name=op.f('fk_quiz_answers_graded_by_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quiz_answers')),
    sa.UniqueConstraint('attempt_id', 'question_id', name=op.f('uq_quiz_answers_attempt_id_question_id'))
    )
    op.create_index(op.f('ix_quiz_answers_graded_by_id'), 'quiz_answers', ['graded_by_id'], unique=False)
    op.create_index(op.f('ix_quiz_answers_question_id'), 'quiz_answers', ['question_id'], unique=False)
    op.add_column('course_modules', sa.Column('version', sa.Integer(), server_default='1', nullable=False))
    op.add_column('courses', sa.Column('access_days', sa.Integer(), nullable=True))
    op.add_column('courses', sa.Column('requires_quizzes', sa.Boolean(), server_default='false', nullable=False))
    op.add_column('courses', sa.Column('version', sa.Integer(), server_default='1', nullable=False))
    op.add_column('courses', sa.Column('published_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('courses', sa.Column('deleted_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('lessons', sa.Column('version', sa.Integer(), server_default='1', nullable=False))
    op.create_check_constraint(op.f('ck_courses_version'), 'courses', 'version >= 1')
    op.create_check_constraint(op.f('ck_courses_published'), 'courses', 'NOT published OR deleted_at IS NULL')
    op.create_check_constraint(op.f('ck_courses_access_days'), 'courses', 'access_days > 0')
    op.create_check_constraint(op.f('ck_course_modules_version'), 'course_modules', 'version >= 1')
    op.create_check_constraint(op.f('ck_lessons_version'), 'lessons', 'version >= 1')
    op.drop_constraint(op.f('ck_courses_finite'), 'courses')
    op.create_check_constraint(op.f('ck_courses_finite'), 'courses', 'isfinite(published_at) AND isfinite(deleted_at) AND isfinite(created_at) AND isfinite(updated_at)')
    for statement in PUBLISHED:
        op.execute(statement)
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON payment_events FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON course_analytics FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON course_reviews FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON transactions FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON certificates FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON quizzes FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON questions FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON quiz_attempts FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
    op.execute('CREATE TRIGGER touch_updated_at BEFORE UPDATE ON quiz_answers FOR EACH ROW EXECUTE FUNCTION touch_updated_at()')
