"""The enumerations of the domain, with the names that the graph shows. Their order is the order they sort in."""

from enum import StrEnum
from typing import Self


class Words(StrEnum):
    """An enumeration whose members say what they mean: `DRAFT = "DRAFT", "Being written."`."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member


class UserRole(Words):
    """What a person is to the platform as a whole."""

    STUDENT = "STUDENT", "Takes courses."
    DEVELOPER = "DEVELOPER", "Writes specifications and code."
    INSTRUCTOR = "INSTRUCTOR", "Teaches courses."
    TEAM_LEAD = "TEAM_LEAD", "Leads a team."
    MODERATOR = "MODERATOR", "Keeps the talk civil."
    ADMIN = "ADMIN", "Runs the platform: sees everything, and may do everything but speak as somebody else."


class Plan(Words):
    """What a person pays for."""

    BASIC = "BASIC", "Pays nothing."
    PREMIUM = "PREMIUM", "Pays for more."


class SubscriptionType(Words):
    """Whether a plan is a person's own or comes from a team."""

    INDIVIDUAL = "INDIVIDUAL", "Their own plan."
    TEAM = "TEAM", "The plan of a team they belong to."


class OrganizationPlan(Words):
    """What an organization pays for."""

    FREE = "FREE", "Pays nothing."
    PRO = "PRO", "Pays for a team."
    ENTERPRISE = "ENTERPRISE", "Has a contract."


class OrganizationRole(Words):
    """What a member is to an organization."""

    OWNER = "OWNER", "Does everything, and hands it over."
    ADMIN = "ADMIN", "Manages members and repositories, and sees every repository."
    MEMBER = "MEMBER", "Works in repositories that are not restricted."
    VIEWER = "VIEWER", "Looks at normal repositories."


class SpecificationPhase(Words):
    """The phases of a specification project, in their order."""

    REQUIREMENTS = "REQUIREMENTS", "What the product has to do."
    DESIGN = "DESIGN", "How it is built."
    TASKS = "TASKS", "Which steps lead there."
    IMPLEMENTATION = "IMPLEMENTATION", "How the steps went."


class ProjectStatus(Words):
    """Where a specification project stands."""

    ACTIVE = "ACTIVE", "Being worked on."
    COMPLETED = "COMPLETED", "Done. What is still found can be discussed and mended."
    ARCHIVED = "ARCHIVED", "Kept for the record: everything in it can be read, and nothing changed."
    SUSPENDED = "SUSPENDED", "Paused: everything in it can be read, and nothing changed until it goes on."


class ProjectRole(Words):
    """What a member is to a specification project."""

    LEAD = "LEAD", "Edits and comments, and manages the members."
    MEMBER = "MEMBER", "Edits and comments."
    REVIEWER = "REVIEWER", "Comments."
    VIEWER = "VIEWER", "Reads."


class MembershipStatus(Words):
    """Whether a membership holds. Only an active one gives access."""

    INVITED = "INVITED", "Asked, and has not answered."
    ACTIVE = "ACTIVE", "Holds."
    REMOVED = "REMOVED", "Held once."


class DocumentStatus(Words):
    """Where a document stands in its review."""

    DRAFT = "DRAFT", "Being written. Every save makes it this."
    REVIEW = "REVIEW", "Waiting for approval."
    APPROVED = "APPROVED", "Approved as it stands."
    ARCHIVED = "ARCHIVED", "Kept for the record: it can be read, and not changed."


class CommentStatus(Words):
    """Whether a thread still waits for an answer."""

    OPEN = "OPEN", "Waits for an answer."
    RESOLVED = "RESOLVED", "Settled."


class ReactionType(Words):
    """What somebody says of a comment without words."""

    LIKE = "LIKE", "I like it."
    DISLIKE = "DISLIKE", "I do not like it."
    HELPFUL = "HELPFUL", "It helps me."
    CONFUSED = "CONFUSED", "I do not understand it."


class Difficulty(Words):
    """How much a course asks of its students."""

    BEGINNER = "BEGINNER", "Asks for nothing."
    INTERMEDIATE = "INTERMEDIATE", "Asks for the basics."
    ADVANCED = "ADVANCED", "Asks for experience."
    EXPERT = "EXPERT", "Asks for mastery."


class EnrollmentStatus(Words):
    """The state of an enrollment. It leaves ACTIVE once and never comes back: who returns begins another."""

    ACTIVE = "ACTIVE", "Taking the course."
    COMPLETED = "COMPLETED", "Has finished the course."
    EXPIRED = "EXPIRED", "The time for it is over."
    CANCELLED = "CANCELLED", "Left, or got the money back."


class PaymentStatus(Words):
    """The state of a payment."""

    PENDING = "PENDING", "Waits for the money."
    COMPLETED = "COMPLETED", "Paid, or free."
    FAILED = "FAILED", "The payment did not go through."
    REFUNDED = "REFUNDED", "Paid back."


class Sensitivity(Words):
    """How closely an organization holds a repository."""

    NORMAL = "NORMAL", "Every member of the organization sees it."
    SENSITIVE = "SENSITIVE", "Members see it, viewers do not."
    RESTRICTED = "RESTRICTED", "Only owners and administrators of the organization see it."


class PullRequestState(Words):
    """Whether a pull request waits, was merged, or was closed without a merge."""

    OPEN = "OPEN", "Waits."
    MERGED = "MERGED", "Was merged."
    CLOSED = "CLOSED", "Was closed without a merge."


class NotificationType(Words):
    """What a notification is about."""

    PROJECT_COMPLETED = "PROJECT_COMPLETED", "A project is done."
    TEMPLATE_APPROVED = "TEMPLATE_APPROVED", "A template was approved."
    COLLABORATION_INVITE = "COLLABORATION_INVITE", "Somebody wants to work on something with you."
    SYSTEM_UPDATE = "SYSTEM_UPDATE", "The platform has changed."
    SECURITY_ALERT = "SECURITY_ALERT", "Something happened to your account that you should look at."
    PAYMENT_SUCCESS = "PAYMENT_SUCCESS", "A payment went through."
    PAYMENT_FAILED = "PAYMENT_FAILED", "A payment did not go through."
