"""Users, their sessions, and their accounts elsewhere."""

from typing import Any

from sqlalchemy import and_, case, func, or_, select

from db import tables
from db.access import any_row, viewer_id
from db.permissions import LEARN, MANAGE
from db.tables import MembershipStatus
from graphql_schema.activity.types import Activity
from graphql_schema.core import aggregate, aggregate_of, among, column, many, many_of, node, one, sql
from graphql_schema.core import count as number_of
from graphql_schema.metrics.types import DeveloperPeriod

LOOKERS = "null unless it is your own, or you are an administrator or a moderator"

members = tables.ProjectMember.__table__
notifications = tables.Notification.__table__


def unread(user: Any) -> Any:
    """The number of notifications of a user that wait to be read."""
    waits = notifications.c.user_id == user.id, ~notifications.c.is_read, ~notifications.c.is_archived
    return select(func.count()).select_from(notifications).where(*waits).scalar_subquery()


@node(
    tables.User,
    orders=("name", "created_at"),
    filters=("search", "role", "is_active", "created_at", "last_login_at"),
)
class User:
    """A person, shown wherever something names them; found by id if you share an organization, project or course."""

    name = column("The name to show.")
    username = column("The name in addresses, if they chose one.")
    avatar_url = column("The address of their picture, which may be a path on this server.")
    bio = column("What they say of themselves, in plain text.")
    role = column("What they are to the platform.")
    github_login = column("Their account on GitHub, where it is known.")
    email = column("Their e-mail address; null unless it is your own.", needs=MANAGE)
    email_verified_at = column(
        "When they proved that the address is theirs; null unless it is your own.",
        needs=MANAGE,
    )
    timezone = column("Their time zone by its IANA name; null unless it is your own.", needs=MANAGE)
    language = column("The language they want, as an IETF tag; null unless it is your own.", needs=MANAGE)
    plan = column("What they pay for; null unless it is your own.", needs=MANAGE)
    last_login_at = column(f"When they signed in last; {LOOKERS}.", needs=LEARN)
    last_seen_at = column(f"When they were here last, to about five minutes; {LOOKERS}.", needs=LEARN)
    is_active = column(f"Whether they may sign in; {LOOKERS}.", needs=LEARN)
    locked_until = column(
        f"When they may sign in again after too many wrong passwords, if that is to come; {LOOKERS}.", needs=LEARN
    )
    created_at = column("When they joined.")

    avatar = one(
        tables.Media,
        "Their picture as a file, if they have uploaded one here.",
        on=lambda user, media: media.user_id == user.id,
    )

    organizations = many(tables.OrganizationMember.user_id, "Their places in organizations, as far as you see these.")
    projects = many(
        tables.SpecificationProject,
        "The specification projects that they own or are an active member of, as far as you see these.",
        on=lambda user, project: or_(
            project.owner_id == user.id,
            any_row(
                members,
                members.c.project_id == project.id,
                members.c.user_id == user.id,
                members.c.status == MembershipStatus.ACTIVE,
            ),
        ),
    )
    teaching = many(tables.Course.instructor_id, "The courses that they teach, as far as you see these.")
    enrollments = many(
        tables.Enrollment.user_id, "The courses that they take; empty unless they are your own or students of yours."
    )
    course_progress = many(
        tables.CourseProgress.user_id,
        "How far they are in their courses; empty unless they are your own or students of yours.",
    )
    course_reviews = many(tables.CourseReview.user_id, "What they say of courses, as far as you see these.")
    quiz_attempts = many(
        tables.QuizAttempt.user_id, "Their attempts at quizzes; empty unless they are your own or students of yours."
    )
    certificates = many(
        tables.Certificate.user_id, "Their certificates; empty unless they are your own or of courses that you teach."
    )
    transactions = many(
        tables.Transaction.user_id, "Their payments; empty unless they are your own or for courses that you teach."
    )
    learning_modules = many(
        tables.LearningModule.author_id, "The learning modules that they wrote, as far as you see these."
    )
    module_progress = many(
        tables.ModuleProgress.user_id,
        "How far they are in learning modules; empty unless it is your own, or in modules that you wrote.",
    )
    comments = many(
        tables.Comment.author_id, "What they said about documents, as far as you see these.", order="-created_at"
    )
    commits = many(tables.Commit.author_id, "Their commits, as far as you see the repositories.")
    pull_requests = many(tables.PullRequest.author_id, "Their pull requests, as far as you see the repositories.")
    metrics = aggregate(
        tables.DeveloperMetric.user_id,
        DeveloperPeriod,
        "What they did in repositories over time, an item for every period of the range: in all that they see for "
        "themselves, in those that you manage for you.",
    )
    developer_metrics = many(
        tables.DeveloperMetric.user_id,
        "What they did in each repository on each day, newest first: for themselves, and in what you manage.",
    )
    reviews_given = many(
        tables.PullRequestReview.reviewer_id, "Their reviews of pull requests, as far as you see the repositories."
    )
    issues = many(tables.Issue.author_id, "The issues that they opened, as far as you see the repositories.")
    assigned_issues = many(
        tables.Issue.assignee_id, "The issues that they are to see to, as far as you see the repositories."
    )
    notification_rules = many(
        tables.NotificationRule.user_id,
        "What they want to be told of in repositories: your own, and theirs in organizations that you manage.",
    )
    activity = many_of(
        Activity,
        "What they did, newest first, as far as you see it: commits, pull requests, versions of documents that they "
        "saved, comments, enrollments, certificates, and issues that they opened.",
        among(tables.Commit.author_id, tables.Commit.repository_id),
        among(tables.PullRequest.author_id, tables.PullRequest.repository_id),
        tables.DocumentVersion.author_id,
        tables.Comment.author_id,
        tables.Enrollment.user_id,
        tables.Certificate.user_id,
        among(tables.Issue.author_id, tables.Issue.repository_id),
    )
    unread_notification_count = sql(
        int | None,
        "How many notifications you have neither read nor put away; null unless it is your own.",
        lambda user: case((user.id == viewer_id(), unread(user))),
    )
    notifications = many(tables.Notification.user_id, "What they were told; empty unless it is your own.")
    invitations = many(
        tables.Invitation,
        "The invitations to your verified address, newest first; empty unless it is your own.",
        on=lambda user, invitation: and_(user.id == viewer_id(), invitation.email == func.lower(user.email)),
    )
    document_visits = many(
        tables.DocumentVisit.user_id, "The documents that they have seen, latest first; empty unless it is your own."
    )
    audit_logs = many(tables.AuditLog.actor_id, "What they did, newest first, as far as you see the entries.")
    sessions = many(tables.Session.user_id, "Where they are signed in; empty unless it is your own.")
    accounts = many(
        tables.Account.user_id, "Their accounts at providers, by which they sign in; empty unless it is your own."
    )
    identities = many(
        tables.Identity.user_id,
        "The addresses and logins that are theirs: all if it is your own, else those that an organization which you "
        "manage has merged.",
    )
    passkeys = many(tables.Passkey.user_id, "Their passkeys, with which they sign in; empty unless it is your own.")
    api_keys = many(
        tables.ApiKey.user_id,
        "The API keys that they made; empty unless it is your own, or you manage what they are for.",
    )


@node(tables.Session, orders=("-created_at", "expires_at"))
class Session:
    """A sign-in of yours on some device."""

    device = column("What the device called itself when it signed in.")
    created_at = column("When you signed in.")
    expires_at = column("When you have to sign in again.")
    user = one(tables.Session.user_id, "Who is signed in.")


@node(tables.Account, orders=("-created_at",))
class Account:
    """An account of yours at a provider, such as GitHub, by which you sign in."""

    provider = column("The provider, by its name in addresses: `github`, `google` or another that is configured.")
    name = column("What the provider calls you: a username or an address.")
    created_at = column("When you linked it.")
    user = one(tables.Account.user_id, "Whose it is.")


@aggregate_of(tables.User, order="-count")
class UserCount:
    """The people with one role."""

    role = column("What they are to the platform.")
    count = number_of("How many they are.")


@node(tables.Passkey, orders=("-created_at", "name", "last_used_at"))
class Passkey:
    """A way of yours to sign in: a key that a device of yours keeps. Nothing here lets anybody in."""

    name = column("What you called it.")
    created_at = column("When you added it.")
    last_used_at = column("When you signed in with it last; null until then.")
    user = one(tables.Passkey.user_id, "Whose it is.")
