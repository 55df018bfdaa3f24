"""Organizations and their repositories, with commits, pull requests, releases and raw events."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from db import tables
from db.demo import webhooks
from db.demo.code_reviews import reviewed
from db.demo.people import People
from db.demo.rows import Batch, Row, key, row
from db.demo.sources import Record, Sources, moment
from db.tables import OrganizationPlan, OrganizationRole, PullRequestState, RetentionKind

PLAN = OrganizationPlan.PRO
"""The plan of organizations, ours: they have more members than a free one."""
AUDIT_DAYS = 3 * 365
SETTLED = moment("2026-01-01")


def rows(sources: Sources, people: People) -> Iterator[Batch]:
    """Everything of every organization."""
    ids = {record["repo"]: repository_id(record) for record in sources.repositories}
    yield Batch(tables.Organization, [_organization(record) for record in sources.repositories])
    yield Batch(tables.OrganizationMember, list(_members(sources, people)))
    yield Batch(
        tables.RetentionPolicy,
        [policy(organization_id(record), record["organization"]) for record in sources.repositories],
    )
    yield Batch(tables.Repository, [_repository(record) for record in sources.repositories])
    yield Batch(tables.Commit, [_commit(record, ids[record["repo"]], people) for record in sources.commits])
    pull_requests = [_pull_request(record, ids[record["repo"]], people) for record in sources.pull_requests]
    yield Batch(tables.PullRequest, pull_requests)
    by_repository = [[pull for pull in pull_requests if pull["repository_id"] == key] for key in ids.values()]
    yield Batch(tables.CodeReview, [review for pulls in by_repository for review in reviewed(pulls)])
    yield Batch(tables.Release, [_release(record, ids[record["repo"]]) for record in sources.releases])
    yield from webhooks.rows(sources, organization_id)


def policy(organization: UUID, name: str) -> Row:
    """How long an organization keeps its audit log: ours, nobody says."""
    what = {"kind": RetentionKind.AUDIT, "days": AUDIT_DAYS}
    return row(tables.RetentionPolicy, name, at=SETTLED, organization_id=organization, **what)


def organization_id(repository: Record) -> UUID:
    """The key of the row of a repository's organization."""
    return key(tables.Organization, repository["organization"], at=moment(repository["first_commit"]))


def repository_id(repository: Record) -> UUID:
    """The key of a repository's row."""
    return key(tables.Repository, repository["repo"], at=moment(repository["first_commit"]))


def pull_request_id(record: Record) -> UUID:
    """The key of a pull request's row, which was made with its newest commit: the source has nothing older."""
    return key(tables.PullRequest, f"{record['repo']}#{record['number']}", at=moment(record["head_author_date"]))


def role_for(commits: int) -> OrganizationRole:
    """The role of a contributor in the organization, by how much they contributed: ours, GitHub does not say."""
    if commits >= 100:
        return OrganizationRole.ADMIN
    return OrganizationRole.MEMBER if commits >= 10 else OrganizationRole.VIEWER


def _organization(repository: Record) -> Row:
    name = repository["organization"]
    return row(tables.Organization, name, at=moment(repository["first_commit"]), name=name, slug=name, plan=PLAN)


def _members(sources: Sources, people: People) -> Iterator[Row]:
    """Contributors of five commits and more; the one with the most owns the organization."""
    for repository in sources.repositories:
        commits = _commits_by_person(repository, sources, people)
        (most, _), *_ = commits.most_common(1)
        for user_id, count in commits.items():
            if count >= 5:
                role = OrganizationRole.OWNER if user_id == most else role_for(count)
                yield row(
                    tables.OrganizationMember,
                    f"{repository['repo']}/{user_id}",
                    at=moment(repository["first_commit"]),
                    organization_id=organization_id(repository),
                    user_id=user_id,
                    role=role,
                )


def _commits_by_person(repository: Record, sources: Sources, people: People) -> Counter[UUID]:
    commits: Counter[UUID] = Counter()
    for record in sources.contributors:
        user_id = people.id_of(record["name"], email=record["author_email"])
        if record["repo"] == repository["repo"] and user_id:
            commits[user_id] += record["commits"]
    return commits


def _repository(record: Record) -> Row:
    return row(
        tables.Repository,
        record["repo"],
        at=moment(record["first_commit"]),
        organization_id=organization_id(record),
        name=record["repo"].partition("/")[2],
        full_name=record["repo"],
        description=record["description"],
        language=record["language"],
        license=record["license"],
        default_branch=record["default_branch"],
        updated_at=moment(record["last_commit"]),
    )


def _commit(record: Record, repository: UUID, people: People) -> Row:
    return row(
        tables.Commit,
        record["sha"],
        at=moment(record["commit_date"]),
        repository_id=repository,
        sha=record["sha"],
        message=record["subject"],
        author_id=people.id_of(record["author"], email=record["author_email"]),
        author_name=record["author"],
        author_email=record["author_email"],
        authored_at=moment(record["author_date"]),
        committed_at=moment(record["commit_date"]),
        parent_count=record["parents"],
        pull_request_number=record["pr"],
        additions=record["additions"],
        deletions=record["deletions"],
        files_changed=record["files_changed"],
    )


def _pull_request(record: Record, repository: UUID, people: People) -> Row:
    merged_at = moment(record["merged_at"]) if record["merged"] else None
    opened_at = moment(record["head_author_date"])
    return row(
        tables.PullRequest,
        f"{record['repo']}#{record['number']}",
        at=opened_at,
        repository_id=repository,
        number=record["number"],
        title=record["title"] or record["head_subject"],
        state=PullRequestState.MERGED if merged_at else None,
        author_id=people.id_of(record["head_author"], email=record["head_author_email"]),
        author_name=record["head_author"],
        head_sha=record["head_sha"],
        merge_sha=record["merge_sha"],
        opened_at=opened_at,
        merged_at=merged_at,
        closed_at=merged_at,
        additions=record["additions"],
        deletions=record["deletions"],
        files_changed=record["files_changed"],
        updated_at=merged_at or opened_at,
    )


def _release(record: Record, repository: UUID) -> Row:
    at = moment(record["date"])
    return row(
        tables.Release,
        f"{record['repo']}@{record['tag']}",
        at=at,
        repository_id=repository,
        tag=record["tag"],
        sha=record["sha"],
        published_at=at,
    )
