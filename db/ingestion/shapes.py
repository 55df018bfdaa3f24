"""The parts of GitHub's messages that are read, as models: what is missing or makes no sense is found here."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _clipped(longest: int) -> AfterValidator:
    """Cut off what is longer than its column: GitHub has no limits for some texts."""
    return AfterValidator(lambda text: text[:longest])


Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
Id = Annotated[int, Field(ge=0, lt=2**63)]
Number = Annotated[int, Field(ge=0, lt=2**31)]
Sha = Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
Branch = Annotated[str, Field(max_length=255)]
Url = Annotated[str, _clipped(500)]
Name = Annotated[str, _clipped(200)]

NOTHING = "0" * 40
"""The commit that a push names where a branch begins or ends, and which there is not."""


class Part(BaseModel):
    """A part of a message. What is wrong with it is told without what it says."""

    model_config = ConfigDict(hide_input_in_errors=True)


class User(Part):
    """Somebody with an account."""

    login: Name


class Ref(Part):
    """A commit with the branch that it is on."""

    ref: Branch
    sha: Sha


class License(Part):
    """A licence."""

    spdx_id: str | None = None


class Repository(Part):
    """A repository, as messages about it have it."""

    id: Id
    name: Annotated[str, Field(max_length=100)]
    full_name: Annotated[str, Field(max_length=250)]
    description: str | None = None
    language: str | None = None
    license: License | None = None
    default_branch: Branch = "main"
    private: bool
    html_url: Url | None = None
    topics: list[str] = []
    archived: bool = False
    updated_at: Moment


class PushedTo(Part):
    """A repository, as pushes have it. Where it does not say when, the push may be older than others that are known."""

    default_branch: Branch
    pushed_at: Moment | None = None


class Author(Part):
    """The author of a commit, by what git knows, and GitHub where it knows more."""

    name: Name
    email: Annotated[str, _clipped(500)] | None = None
    username: Annotated[str, _clipped(100)] | None = None


class Commit(Part):
    """A commit of a push."""

    id: Sha
    message: str
    timestamp: Moment
    author: Author
    added: list[str] = []
    removed: list[str] = []
    modified: list[str] = []


class Push(Part):
    """A push."""

    ref: str
    before: Sha
    after: Sha
    commits: list[Commit] = []
    repository: PushedTo


class PullRequest(Part):
    """A pull request. Messages about reviews do not count what it changes."""

    id: Id
    number: Number
    title: str
    body: str | None = None
    html_url: Url | None = None
    state: Literal["open", "closed"]
    draft: bool = False
    user: User | None = None
    head: Ref
    base: Ref
    merge_commit_sha: Sha | None = None
    created_at: Moment
    updated_at: Moment
    merged_at: Moment | None = None
    closed_at: Moment | None = None
    additions: Number | None = None
    deletions: Number | None = None
    changed_files: Number | None = None


class Review(Part):
    """A review of a pull request."""

    id: Id
    user: User | None = None
    state: str
    submitted_at: Moment | None = None
    updated_at: Moment | None = None


class Label(Part):
    """A label."""

    name: Annotated[str, _clipped(100)]


class Issue(Part):
    """An issue. Some messages do not say in which state it is, and for some a pull request is one."""

    id: Id
    number: Number
    title: str
    body: str | None = None
    html_url: Url | None = None
    state: Literal["open", "closed"] | None = None
    labels: list[Label] = []
    user: User | None = None
    assignee: User | None = None
    pull_request: dict[str, Any] | None = None
    created_at: Moment
    updated_at: Moment
    closed_at: Moment | None = None


class Release(Part):
    """A release. What is a draft is not there yet for others."""

    tag_name: Annotated[str, Field(max_length=255)]
    name: Annotated[str, _clipped(500)] | None = None
    draft: bool = False
    prerelease: bool = False
    created_at: Moment
    updated_at: Moment | None = None
    published_at: Moment | None = None


class Discussion(Part):
    """A discussion, which has a number in one row with issues and pull requests."""

    number: Number


class Named(Part):
    """A repository as the REST API has it: what messages need to be told apart."""

    id: Id
    full_name: Annotated[str, Field(max_length=250)]
    default_branch: Branch


class Account(Part):
    """The account of an author, which may be empty."""

    login: str | None = None


class Signature(Part):
    """A person with a time, as git knows them."""

    name: str = ""
    email: str | None = None
    date: Moment


class Written(Part):
    """A commit as git knows it."""

    message: str
    author: Signature
    committer: Signature


class Listed(Part):
    """A commit as the REST API has it. In lists it does not say which files it changes."""

    sha: Sha
    commit: Written
    author: Account | None = None


EARLIEST = datetime.min.replace(tzinfo=UTC)
"""Before whatever a source tells."""
