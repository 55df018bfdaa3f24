"""Enumerations of repositories: how closely they are held, and where what happens in them stands."""

from db.enums import Words


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


class ReviewState(Words):
    """The verdict of somebody who reviewed a pull request."""

    APPROVED = "APPROVED", "It can be merged."
    CHANGES_REQUESTED = "CHANGES_REQUESTED", "Something has to change first."
    COMMENTED = "COMMENTED", "Remarks without a verdict."
    DISMISSED = "DISMISSED", "The verdict does not count any more."


class IssueState(Words):
    """Whether an issue waits or is done with."""

    OPEN = "OPEN", "Waits."
    CLOSED = "CLOSED", "Is done with."


class RepositoryEventKind(Words):
    """Something that happened to a repository, or in it."""

    SNAPSHOT = (
        "SNAPSHOT",
        "Nothing happened: the repository as it is when you begin to listen, and where events are lost.",
    )
    REPOSITORY_CONNECTED = "REPOSITORY_CONNECTED", "The organization follows it from now on."
    REPOSITORY_CHANGED = "REPOSITORY_CHANGED", "Something else is known of it, or it is held more or less closely."
    REPOSITORY_DISCONNECTED = (
        "REPOSITORY_DISCONNECTED",
        "The organization follows it no more, and nothing of it is kept.",
    )
    COMMITS_PUSHED = "COMMITS_PUSHED", "There are commits that were not there."
    PULL_REQUEST_CHANGED = "PULL_REQUEST_CHANGED", "A pull request was opened, changed, merged or closed."
    REVIEW_SUBMITTED = "REVIEW_SUBMITTED", "Somebody reviewed a pull request, or their review counts no more."
    ISSUE_CHANGED = "ISSUE_CHANGED", "An issue was opened, changed or closed."
    RELEASE_PUBLISHED = "RELEASE_PUBLISHED", "A release was published, changed or taken back."
    CODE_REVIEW_REQUESTED = "CODE_REVIEW_REQUESTED", "Somebody has asked how risky a pull request is."
    CODE_REVIEW_COMPLETED = "CODE_REVIEW_COMPLETED", "A program has said how risky a pull request is."
    CODE_REVIEW_FAILED = "CODE_REVIEW_FAILED", "A program could not say how risky a pull request is."
