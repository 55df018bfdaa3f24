"""The enumerations of specification projects. Their members sort in the order in which they stand here."""

from db.enums import Words


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
    """The role of a member in a specification project."""

    LEAD = "LEAD", "Edits and comments, approves, and manages the project and its members."
    MEMBER = "MEMBER", "Edits and comments."
    REVIEWER = "REVIEWER", "Comments."
    VIEWER = "VIEWER", "Reads."


class MembershipStatus(Words):
    """Whether a membership holds. Only an active one gives access."""

    INVITED = "INVITED", "Asked, and has not answered.", "Nobody is: who is invited is among the `invitations`."
    ACTIVE = "ACTIVE", "Holds."
    REMOVED = "REMOVED", "Held once."


class DocumentStatus(Words):
    """Where a document stands in its review."""

    DRAFT = "DRAFT", "Being written. Every save makes it this."
    REVIEW = "REVIEW", "Waiting for approval."
    APPROVED = "APPROVED", "Approved as it stands."
    ARCHIVED = "ARCHIVED", "Kept for the record: it can be read, and not changed until it is taken up again."


class CommentStatus(Words):
    """Whether a thread still waits for an answer."""

    OPEN = "OPEN", "Waits for an answer."
    RESOLVED = "RESOLVED", "Settled."


class AnchorState(Words):
    """The state of the text that a thread is about, since it was opened."""

    EXACT = "EXACT", "It is as it was when the thread was opened, at the same place."
    MOVED = "MOVED", "It is elsewhere by now, or reads a little differently."
    OUTDATED = "OUTDATED", "It is gone. The thread is where it was, and with it again when it comes back."


class ReactionType(Words):
    """A kind of reaction to a comment."""

    LIKE = "LIKE", "I like it."
    DISLIKE = "DISLIKE", "I do not like it."
    HELPFUL = "HELPFUL", "It helps me."
    CONFUSED = "CONFUSED", "I do not understand it."


class DocumentEventKind(Words):
    """Something that happened to a document or in the talk about it."""

    SNAPSHOT = (
        "SNAPSHOT",
        "Nothing happened: the document as it is when you begin to listen, and where events are lost.",
    )
    DOCUMENT_EDITED = "DOCUMENT_EDITED", "Somebody saved the document."
    DOCUMENT_STATUS_CHANGED = (
        "DOCUMENT_STATUS_CHANGED",
        "The document waits for approval, was approved, or is to be written on.",
    )
    THREAD_OPENED = "THREAD_OPENED", "Somebody opened a thread with a comment."
    THREAD_RESOLVED = "THREAD_RESOLVED", "Somebody settled a thread."
    THREAD_REOPENED = "THREAD_REOPENED", "Somebody opened a settled thread again."
    THREAD_DELETED = "THREAD_DELETED", "Somebody deleted a thread with all that was said in it."
    COMMENT_ADDED = "COMMENT_ADDED", "Somebody said something in a thread."
    COMMENT_EDITED = "COMMENT_EDITED", "Somebody changed what they said."
    SUGGESTION_APPLIED = "SUGGESTION_APPLIED", "Somebody took a suggestion over into the text, which was saved with it."
    COMMENT_DELETED = "COMMENT_DELETED", "Somebody took a comment back, or had it taken away."
    REACTION_ADDED = "REACTION_ADDED", "Somebody reacted to a comment."
    REACTION_REMOVED = "REACTION_REMOVED", "Somebody took a reaction back."
    REVIEW_REQUESTED = "REVIEW_REQUESTED", "Somebody asked for a review of the document."
    REVIEW_COMPLETED = "REVIEW_COMPLETED", "A review is done: its findings are there."
    REVIEW_FAILED = "REVIEW_FAILED", "A review came to no end. It is tried again by itself."


class ProjectEventKind(Words):
    """Something that happened to a project itself."""

    SNAPSHOT = "SNAPSHOT", "Nothing happened: the project as it is when you begin to listen, and where events are lost."
    PROJECT_CHANGED = "PROJECT_CHANGED", "Somebody changed what the project says of itself, its status or its owner."
    PHASE_CHANGED = "PHASE_CHANGED", "The project is in another phase."
    PROJECT_DELETED = "PROJECT_DELETED", "The project is gone, with all that was in it."
    DOCUMENT_STATUS_CHANGED = (
        "DOCUMENT_STATUS_CHANGED",
        "A document waits for approval, was approved, or is to be written on.",
    )
    MEMBER_ADDED = "MEMBER_ADDED", "Somebody works on the project from now on."
    MEMBER_CHANGED = "MEMBER_CHANGED", "Somebody has another role in the project."
    MEMBER_REMOVED = "MEMBER_REMOVED", "Somebody was removed from the project, or has left it."
