"""The demo data: all that the sources have, consistent, the same every time, and as much of it as one likes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import func, make_url, select

from db import demo
from db.access import GUEST
from db.actions.accounts import hasher
from db.actions.authorship import BY_COMMIT
from db.actions.correct_answers import opened
from db.actions.course_analytics import counting
from db.actions.identities import meant
from db.base import Base, tables
from db.columns import JsonOf
from db.demo.scale import AT_TEN
from db.demo.sources import Sources
from db.engine import Database
from db.tables import Commit, Question, Repository, UserRole
from tests.conftest import KEYRING
from tests.databases import Databases

REAL = {
    "code_reviews": 2 * 50,
    "comment_threads": 181 + 4,
    "comments": 412 + 4,  # of the reviews, and the remarks that stand in a project we have
    "commits": 5_000 + 1,  # the one that a delivery tells of
    "course_analytics": 5 + 1,
    "course_modules": 59 + 2,
    "courses": 5 + 1,
    "document_reviews": 117,
    "document_versions": 602 + 117 + 3,  # the revisions of the sources, what every document says today, and the seeds
    "invitations": 3,
    "learning_module_prerequisites": 4,
    "learning_modules": 5,
    "lessons": 377 + 4,
    "notification_deliveries": 10,
    "notification_rules": 6,
    "organizations": 2 + 3,  # and those that the seeds have
    "passwords": 3,
    "pull_requests": 4_180 + 1,
    "questions": 629,
    "quizzes": 131,
    "repositories": 2 + 1,
    "releases": 1_212 + 1,
    "repository_stats": 1_648 + 1,  # and a day of the repository that the deliveries tell of
    "specification_documents": 117 + 3,
    "specification_projects": 39 + 1,
    "webhook_events": 273,
}

COUNTED = ("developer_metrics", "repository_stats", "team_metrics")
WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
COUNT = "SELECT count(*) FROM {}"

Steps = list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def steps() -> Steps:
    """What the loading of the real data told of its progress."""
    return []


@pytest.fixture(scope="module")
def real(databases: Databases, migrated: str, steps: Steps) -> str:
    return _loaded(databases.copy(migrated), progress=lambda *step: steps.append(step))


@pytest.fixture(scope="module")
def doubled(databases: Databases, migrated: str) -> str:
    return _loaded(databases.copy(migrated), scale=2)


@pytest.fixture
def empty(databases: Databases, migrated: str) -> str:
    """A database with no rows."""
    return databases.copy(migrated)


@pytest.fixture(params=["real", "doubled"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
async def data(url: str) -> AsyncIterator[Any]:
    """A connection to the real data, then to those of scale 2."""
    connection = await _connect(url)
    yield connection
    await connection.close()


@pytest.fixture
async def real_data(real: str) -> AsyncIterator[Any]:
    connection = await _connect(real)
    yield connection
    await connection.close()


async def test_everything_in_the_sources_is_there(real_data: Any) -> None:
    assert {table: await real_data.fetchval(COUNT.format(table)) for table in REAL} == REAL


async def test_loading_again_gives_the_same_rows(empty: str, real: str) -> None:
    await demo.load(empty, KEYRING)
    assert await _digests(empty) == await _digests(real)


async def test_a_load_that_fails_leaves_nothing(empty: str) -> None:
    connection = await _connect(empty)
    await connection.execute(
        "INSERT INTO courses (id, slug, title, description, difficulty) "
        "VALUES (gen_random_uuid(), 'swc-unix-shell', 'In the way', '', 'BEGINNER')"
    )
    with pytest.raises(asyncpg.UniqueViolationError):
        await demo.load(empty, KEYRING)
    assert await connection.fetchval("SELECT count(*) FROM users") == 0
    await connection.close()


async def test_a_database_is_empty_until_it_is_loaded(empty: str, real: str) -> None:
    assert (await demo.is_empty(empty), await demo.is_empty(real)) == (True, False)


@pytest.mark.usefixtures("real")
def test_progress_counts_every_row_up_to_the_total(steps: Steps) -> None:
    dones, totals = [done for _, done, _ in steps], {total for *_, total in steps}
    assert dones == sorted(dones)
    assert totals == {dones[-1]}


async def test_the_demo_people_can_sign_in_and_one_administers(real_data: Any) -> None:
    people = {person.email: person for person in demo.PEOPLE}
    found = await real_data.fetch("SELECT email, name, role, hash FROM users JOIN passwords ON user_id = users.id")
    assert {row["email"]: row["name"] for row in found} == {email: person.name for email, person in people.items()}
    assert [row["email"] for row in found if row["role"] == UserRole.ADMIN] == [demo.ADMINISTRATOR.email]
    assert hasher.verify(found[0]["hash"], demo.PASSWORD)
    assert not any(hasher.check_needs_rehash(row["hash"]) for row in found)


async def test_the_authors_of_commits_are_whom_the_rule_says(url: str) -> None:
    commits, repositories = Commit.__table__, Repository.__table__
    of_commit = select(repositories.c.organization_id).where(repositories.c.id == commits.c.repository_id)
    here = of_commit.correlate_except(repositories).scalar_subquery()
    who = meant(here, BY_COMMIT, name=func.lower(commits.c.author_name))
    counts = select(func.count().filter(commits.c.author_id.is_distinct_from(who)), func.count(commits.c.author_id))
    database = Database(url, keyring=KEYRING)
    async with database.read() as session:
        others, known = (await session.execute(counts)).one()
    await database.close()
    assert others == 0
    assert known > 2_000


async def test_the_people_of_the_seeds_are_there_with_their_organizations_and_no_password(real_data: Any) -> None:
    administrators = {"admin@codementor-ai.com", "admin@aiwhisperers.com", "admin@example.com"}
    found = await real_data.fetch("SELECT email, role FROM users WHERE email = ANY($1)", [*administrators])
    assert {row["email"]: row["role"] for row in found} == dict.fromkeys(administrators, UserRole.ADMIN)
    places = """
        SELECT o.name, o.plan, array_agg(u.name || ' ' || m.role ORDER BY u.name) AS members FROM organizations o
        JOIN organization_members m ON o.id = organization_id JOIN users u ON u.id = user_id
        WHERE u.name IN ('Alice', 'Bob', 'Charlie') GROUP BY o.id ORDER BY o.name"""
    assert [tuple(row) for row in await real_data.fetch(places)] == [
        ("Personal", "FREE", ["Charlie OWNER"]),
        ("Startup Inc", "FREE", ["Alice VIEWER", "Bob OWNER"]),
        ("TechCorp", "PRO", ["Alice OWNER", "Bob ADMIN", "Charlie MEMBER"]),
    ]
    passwords = "SELECT count(*) FROM passwords JOIN users u ON u.id = user_id WHERE u.email = ANY($1)"
    seeds = [*administrators, "alice@example.com", "bob@example.com", "charlie@example.com"]
    assert await real_data.fetchval(passwords, seeds) == 0


async def test_the_project_of_the_seeds_has_its_requirements_approved(real_data: Any) -> None:
    query = """
        SELECT d.phase, d.status, d.version, v.content = d.content AS is_kept
        FROM specification_projects p JOIN specification_documents d ON d.project_id = p.id
        JOIN document_versions v ON v.document_id = d.id
        WHERE p.name = 'Sample E-commerce Platform' AND current_phase = 'REQUIREMENTS' ORDER BY d.phase"""
    assert [tuple(row) for row in await real_data.fetch(query)] == [
        ("REQUIREMENTS", "APPROVED", 1, True),
        ("DESIGN", "DRAFT", 1, True),
        ("TASKS", "DRAFT", 1, True),
    ]


async def test_the_demo_people_have_what_is_said_of_them(real_data: Any) -> None:
    users = {user["email"]: user["id"] for user in await real_data.fetch("SELECT id, email FROM users")}
    lead, owner, _ = (users[person.email] for person in demo.PEOPLE)
    projects = "SELECT count(*) FROM specification_projects WHERE owner_id = $1"
    courses = "SELECT array_agg(progress_percent ORDER BY 1) FROM course_progress WHERE user_id = $1"
    owned = (
        "SELECT slug FROM organizations o JOIN organization_members m ON o.id = organization_id "
        "WHERE user_id = $1 AND role = 'OWNER'"
    )
    assert await real_data.fetchval(projects, lead) == 5
    assert await real_data.fetchval(courses, lead) == [39, 100]
    assert await real_data.fetchval(owned, owner) == "strawberry-graphql"


async def test_an_invitation_waits_that_can_be_accepted(real_data: Any) -> None:
    waiting = """
        SELECT o.slug, o.plan FROM invitations i JOIN organizations o ON o.id = organization_id
        JOIN users u ON lower(u.email) = i.email AND email_verified_at IS NOT NULL
        JOIN organization_members m ON m.organization_id = o.id AND m.user_id = invited_by_id AND m.role = 'OWNER'
        WHERE i.status = 'PENDING' AND i.expires_at > now() AND u.name = 'Vadim Pavlov'"""
    assert [tuple(row) for row in await real_data.fetch(waiting)] == [("strawberry-graphql", "PRO")]
    of_members = """
        SELECT count(*) FROM invitations i JOIN project_members m USING (project_id)
        JOIN users u ON u.id = m.user_id AND lower(u.email) = i.email"""
    assert await real_data.fetchval(f"{of_members} WHERE i.status = 'ACCEPTED'") == 1
    assert await real_data.fetchval(f"{of_members} WHERE i.status = 'PENDING'") == 0


async def test_only_bots_have_commits_without_a_person(real_data: Any) -> None:
    names = await real_data.fetch("""
        SELECT DISTINCT author_name FROM commits
        WHERE author_id IS NULL AND author_username IS NULL -- deliveries say one, and they name a test account
    """)
    assert all("bot" in row["author_name"].lower() for row in names)
    assert await real_data.fetchval("SELECT count(*) FROM users WHERE name ~* 'bot\\y' AND is_active") == 0


async def test_ids_sort_by_time(data: Any) -> None:
    backwards = """
        SELECT count(*) FROM (SELECT date_trunc('milliseconds', created_at) AS at,
            date_trunc('milliseconds', lag(created_at) OVER (ORDER BY id)) AS before FROM {}) WHERE at < before"""
    for table in tables():
        assert await data.fetchval(backwards.format(table.__tablename__)) == 0, table


async def test_who_comments_belongs_to_the_project(data: Any) -> None:
    strangers = """
        SELECT count(*) FROM comments c
        JOIN comment_threads t ON t.id = c.thread_id
        JOIN specification_documents d ON d.id = t.document_id
        JOIN specification_projects p ON p.id = d.project_id
        WHERE c.author_id <> p.owner_id AND NOT EXISTS (
            SELECT FROM project_members m WHERE m.project_id = p.id AND m.user_id = c.author_id
            AND m.status = 'ACTIVE' AND m.role IN ('LEAD', 'MEMBER', 'REVIEWER'))"""
    assert await data.fetchval(strangers) == 0


IN_CODE = r"```.*?```|`[^`]*`"


async def test_what_is_said_outside_of_code_has_line_breaks_and_not_the_signs_for_them(real_data: Any) -> None:
    said = "SELECT content FROM comments WHERE regexp_replace(content, $1, '', 'g') LIKE $2"
    assert await real_data.fetch(said, IN_CODE, r"%\\n%") == []


async def test_every_version_of_a_document_is_there_and_the_last_one_is_its_text(data: Any) -> None:
    wrong = """
        SELECT count(*) FROM (
            SELECT d.version, d.content, array_agg(v.version ORDER BY v.created_at, v.version) AS history,
                   max(v.content) FILTER (WHERE v.version = d.version) AS newest
            FROM specification_documents d LEFT JOIN document_versions v ON v.document_id = d.id GROUP BY d.id)
        WHERE history <> ARRAY(SELECT generate_series(1, version)) OR newest IS DISTINCT FROM content"""
    assert await data.fetchval(wrong) == 0


async def test_the_owner_of_a_project_is_no_member_of_it(data: Any) -> None:
    both = "SELECT count(*) FROM specification_projects p JOIN project_members m ON project_id = p.id"
    assert await data.fetchval(both) > 0
    assert await data.fetchval(f"{both} AND user_id = owner_id") == 0


async def test_the_numbers_of_progress_follow_from_the_lessons(data: Any) -> None:
    wrong = """
        SELECT count(*) FROM course_progress p JOIN enrollments e USING (user_id, course_id),
            LATERAL (SELECT count(*) AS done FROM lesson_progress WHERE progress_id = p.id AND completed),
            LATERAL (SELECT count(*) AS total FROM lessons JOIN course_modules m ON m.id = module_id
                     WHERE m.course_id = p.course_id)
        WHERE (p.completed_lessons, p.total_lessons) <> (done, total)
        OR p.progress_percent <> coalesce(100 * done / nullif(total, 0), 0)
        OR (p.completed_at IS NOT NULL) <> (p.progress_percent = 100)
        OR (e.status = 'COMPLETED') <> (p.progress_percent = 100)
        OR e.completed_at IS DISTINCT FROM p.completed_at"""
    assert await data.fetchval(wrong) == 0
    assert await data.fetchval("SELECT count(*) FROM course_progress") == await data.fetchval(
        "SELECT count(*) FROM enrollments"
    )


NUMBERS = """
    SELECT to_jsonb(a) - '{last_calculated_at, updated_at}'::text[] AS numbers FROM course_analytics a ORDER BY id"""


async def test_courses_have_the_numbers_that_the_job_counts(url: str, data: Any) -> None:
    before = await data.fetch(NUMBERS)
    assert any(orjson.loads(row["numbers"])["completed_enrollments"] for row in before)
    database = Database(url, keyring=KEYRING)
    async with database.work(GUEST) as work:
        await work.execute(counting())
        found = await (await (await work.session()).connection()).exec_driver_sql(NUMBERS)
        after = [orjson.loads(orjson.dumps(numbers)) for (numbers,) in found]
        assert after == [orjson.loads(row["numbers"]) for row in before]
        await (await work.session()).rollback()
    await database.close()


async def test_progress_in_modules_follows_from_what_is_done_in_them(data: Any) -> None:
    wrong = """
        SELECT count(*) FROM module_progress p JOIN learning_modules m ON m.id = p.module_id, LATERAL (
            SELECT (SELECT count(*) FROM jsonb_array_elements(m.lessons) l WHERE l ->> 'id' = ANY (completed_lessons))
                + (SELECT count(*) FROM jsonb_array_elements(m.exercises) e WHERE EXISTS (
                    SELECT FROM jsonb_array_elements(exercise_results) r WHERE r -> 'exercise_id' = e -> 'id')) AS done,
                jsonb_array_length(m.lessons) + jsonb_array_length(m.exercises) AS parts)
        WHERE (status = 'COMPLETED') <> (done = parts)"""
    assert await data.fetchval("SELECT count(*) FROM module_progress WHERE status = 'COMPLETED'") > 0
    assert await data.fetchval(wrong) == 0


async def test_json_fits_the_models_of_its_columns(data: Any) -> None:
    columns = [column for table in tables() for column in table.__table__.c if isinstance(column.type, JsonOf)]
    assert len(columns) > 3
    for column in columns:
        kind: Any = column.type
        found = await data.fetch(f"SELECT {column.name} FROM {column.table.name} LIMIT 200")  # noqa: S608  (a table)
        for (value,) in found:
            assert value is None or kind.fitting(orjson.loads(value)) == orjson.loads(value)


async def test_every_exercise_with_options_has_right_ones_among_them(data: Any) -> None:
    wrong = """
        SELECT count(*) FROM learning_modules m, jsonb_array_elements(exercises) e LEFT JOIN exercise_answers a
            ON a.exercise_id = e ->> 'id'
        WHERE (a.id IS NULL) <> (e ->> 'kind' = 'WRITE') OR NOT to_jsonb(a.options) <@ (e -> 'options')"""
    assert await data.fetchval("SELECT count(*) FROM exercise_answers") > 0
    assert await data.fetchval(wrong) == 0


async def test_every_question_opens_to_the_right_answer_that_its_type_needs(real_data: Any) -> None:
    found = await real_data.fetch("SELECT id, quiz_id, type, options, correct_answer FROM questions")
    for row in found:
        question = Question(id=row["id"], quiz_id=row["quiz_id"], correct_answer=row["correct_answer"])
        (right,) = opened(KEYRING, question).values()
        options = {option["id"] for option in orjson.loads(row["options"])}
        assert set(right.option_ids) <= options
        assert (bool(options), bool(right.texts)) == (bool(right.option_ids), row["type"] == "SHORT_ANSWER")
        assert row["type"] != "ESSAY" or right.explanation


async def test_whoever_has_seen_a_document_sees_it_and_saw_a_version_that_was_there(data: Any) -> None:
    wrong = """
        SELECT count(*) FROM document_visits v
        JOIN specification_documents d ON d.id = v.document_id
        JOIN specification_projects p ON p.id = d.project_id
        WHERE v.version > d.version OR v.user_id <> p.owner_id AND NOT EXISTS (
            SELECT FROM project_members m
            WHERE m.project_id = p.id AND m.user_id = v.user_id AND m.status = 'ACTIVE')"""
    assert await data.fetchval(wrong) == 0
    assert await data.fetchval("SELECT count(*) FROM document_visits") > 0


async def test_something_is_new_to_the_one_who_leads_the_demo(real_data: Any) -> None:
    new = """
        SELECT count(DISTINCT t.id) FROM document_visits v JOIN users u ON u.id = v.user_id
        JOIN comment_threads t USING (document_id) JOIN comments c ON c.thread_id = t.id
        WHERE u.name = 'Vadim Pavlov' AND c.author_id <> u.id AND c.created_at > v.seen_at"""
    assert await real_data.fetchval(new) > 0


async def test_days_add_up_the_commits(data: Any) -> None:
    wrong = """
        SELECT count(*) FROM repositories r WHERE
            (SELECT sum(commits) FROM repository_stats WHERE repository_id = r.id)
            <> (SELECT count(*) FROM commits WHERE repository_id = r.id)"""
    assert await data.fetchval(wrong) == 0


async def test_the_days_of_real_repositories_are_counted_as_others_have_counted_them(real_data: Any) -> None:
    counted = await real_data.fetch("""
        SELECT r.full_name AS repo, s.date::text, s.commits, s.authors, s.additions, s.deletions, s.files_changed,
               s.pull_requests_merged AS prs_merged, s.releases
        FROM repository_stats s JOIN repositories r ON r.id = s.repository_id
        WHERE r.github_id IS NULL""")
    expected = {(one["repo"], one["date"]): one for one in Sources.read().days}
    assert {(one["repo"], one["date"]): dict(one) for one in counted} == expected


async def test_every_day_of_a_repository_is_counted(data: Any) -> None:
    assert await data.fetchval(COUNT.format("touched_days")) == 0
    wrong = """
        SELECT count(*) FROM repositories r WHERE
            (SELECT sum(pull_requests_merged) FROM team_metrics WHERE repository_id = r.id)
            <> (SELECT count(merged_at) FROM pull_requests WHERE repository_id = r.id)"""
    assert await data.fetchval(wrong) == 0


async def test_each_step_of_scale_adds_a_ninth_of_what_ten_has_more(real: str, doubled: str) -> None:
    before, after = await _counts(real), await _counts(doubled)
    added = {table: after[table] - before[table] for table in AT_TEN}
    assert added == pytest.approx({table: (at_ten - before[table]) // 9 for table, at_ten in AT_TEN.items()}, rel=0.02)


async def test_whoever_has_three_projects_has_three_at_any_scale(real: str, doubled: str) -> None:
    visible = """
        SELECT id FROM users u WHERE role <> 'ADMIN' AND 3 = (SELECT count(*) FROM specification_projects p
            WHERE owner_id = u.id OR EXISTS (SELECT FROM project_members WHERE project_id = p.id AND user_id = u.id))"""
    of_real, of_doubled = [{row["id"] for row in await _fetch(url, visible)} for url in (real, doubled)]
    assert of_real
    assert of_real < of_doubled


def _loaded(url: str, **options: Any) -> str:
    """The URL of a database that had no rows, with the demo data."""
    asyncio.run(demo.load(url, KEYRING, **options))
    return url


async def _connect(url: str) -> Any:
    return await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))


async def _fetch(url: str, query: str) -> list[Any]:
    connection = await _connect(url)
    rows: list[Any] = await connection.fetch(query)
    await connection.close()
    return rows


async def _counts(url: str) -> dict[type[Base], int]:
    return {table: (await _fetch(url, COUNT.format(table.__tablename__)))[0]["count"] for table in tables()}


async def _digests(url: str) -> dict[str, str]:
    """A digest of all rows of each table, without the salt of passwords and of what is sealed. What is counted once it
    is loaded has other ids every time.
    """
    names = [table.__tablename__ for table in tables()]
    rows = "SELECT md5(string_agg({}::text, '' ORDER BY {}::text)) AS digest FROM {} t"
    same = dict.fromkeys(names, "(to_jsonb(t) - 'hash' - 'correct_answer')")
    same |= dict.fromkeys(COUNTED, "(to_jsonb(t) - 'id' - 'created_at' - 'updated_at')")
    return {name: (await _fetch(url, rows.format(row, row, name)))[0]["digest"] for name, row in same.items()}


async def test_of_two_who_load_at_once_the_second_finds_it_done(database_url: str) -> None:
    first = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    try:
        async with first.transaction():
            await first.execute("SELECT pg_advisory_xact_lock(hashtext('trellis demo data'))")
            second = asyncio.create_task(demo.load(database_url, KEYRING))
            async with asyncio.timeout(60):  # it reads all of its sources before
                while not await first.fetchval(WAITS):  # noqa: ASYNC110  (there is no event to wait for)
                    await asyncio.sleep(0.05)
        await second
        assert await first.fetchval("SELECT count(*) FROM users WHERE email LIKE 'vadim.pavlov@%'") == 0
    finally:
        await first.close()
