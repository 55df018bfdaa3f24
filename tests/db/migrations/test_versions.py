"""What becomes of the rows of a database that was used before, when versions and constraints became what they are."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic import command
from sqlalchemy import make_url

from db import migrations
from tests.databases import Databases

BEFORE = "26811985c5ab"
ROWS = """
    INSERT INTO users (id, email, name, last_login_at) VALUES
        ('00000000-0000-7000-8000-000000000001', 'ada@example.com', 'Ada', 'infinity'),
        ('00000000-0000-7000-8000-000000000002', 'ben@example.com', 'Ben', NULL);
    INSERT INTO specification_projects (id, name, owner_id) VALUES
        ('00000000-0000-7000-8000-000000000010', 'Atlas', '00000000-0000-7000-8000-000000000001'),
        ('00000000-0000-7000-8000-000000000011', E' \\t', '00000000-0000-7000-8000-000000000002');
    INSERT INTO project_members (id, project_id, user_id)
        SELECT gen_random_uuid(), '00000000-0000-7000-8000-000000000010', id FROM users;
    INSERT INTO specification_documents (id, project_id, phase, content, version, created_at) VALUES
        ('00000000-0000-7000-8000-000000000021', '00000000-0000-7000-8000-000000000010', 'REQUIREMENTS', 'third', 3,
         '2026-01-01Z'),
        ('00000000-0000-7000-8000-000000000022', '00000000-0000-7000-8000-000000000010', 'DESIGN', 'edited', 4,
         '2026-01-01Z'),
        ('00000000-0000-7000-8000-000000000023', '00000000-0000-7000-8000-000000000010', 'TASKS', 'only', 1,
         '2026-01-01Z');
    INSERT INTO document_versions (id, document_id, version, content, summary, author_id, created_at) VALUES
        (gen_random_uuid(), '00000000-0000-7000-8000-000000000021', 1, 'first', 'Ada wrote the second',
         '00000000-0000-7000-8000-000000000001', '2026-01-02Z'),
        (gen_random_uuid(), '00000000-0000-7000-8000-000000000021', 2, 'second', 'Ben wrote the third',
         '00000000-0000-7000-8000-000000000002', '2026-01-03Z'),
        (gen_random_uuid(), '00000000-0000-7000-8000-000000000022', 1, NULL, 'Imported 1',
         '00000000-0000-7000-8000-000000000001', '2026-01-02Z'),
        (gen_random_uuid(), '00000000-0000-7000-8000-000000000022', 2, NULL, 'Imported 2',
         '00000000-0000-7000-8000-000000000002', '2026-01-03Z'),
        (gen_random_uuid(), '00000000-0000-7000-8000-000000000022', 3, 'taken over', 'Ben edited it',
         '00000000-0000-7000-8000-000000000002', '2026-01-04Z');
    INSERT INTO courses (id, slug, title, description, difficulty, currency) VALUES
        ('00000000-0000-7000-8000-000000000030', 'logic', 'Logic', '', 'BEGINNER', 'EUR');
    INSERT INTO course_modules (id, course_id, title, "order") VALUES
        ('00000000-0000-7000-8000-000000000041', '00000000-0000-7000-8000-000000000030', 'a', 2),
        ('00000000-0000-7000-8000-000000000042', '00000000-0000-7000-8000-000000000030', 'b', 2),
        ('00000000-0000-7000-8000-000000000043', '00000000-0000-7000-8000-000000000030', 'c', 1);
    INSERT INTO lessons (id, module_id, title, content, "order") VALUES
        (gen_random_uuid(), '00000000-0000-7000-8000-000000000041', 'kept', '', 10),
        (gen_random_uuid(), '00000000-0000-7000-8000-000000000041', 'as they were', '', 20);
    INSERT INTO enrollments (id, user_id, course_id, status, completed_at, expires_at, payment_currency) VALUES
        (gen_random_uuid(), '00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000030', 'COMPLETED',
         NULL, 'infinity', 'euros'),
        (gen_random_uuid(), '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000030', 'ACTIVE',
         '2026-01-01Z', NULL, 'USD');
"""
VERSIONS = """
    SELECT phase::text, v.version, v.content, v.summary, u.name, extract(day FROM v.created_at)::int
    FROM document_versions v JOIN specification_documents d ON d.id = document_id LEFT JOIN users u ON u.id = author_id
    ORDER BY d.phase, v.version
"""


@pytest.fixture
async def upgraded(databases: Databases) -> AsyncIterator[Any]:
    """A connection to a database that had these rows before it was upgraded."""
    url = databases.create("upgraded")
    await asyncio.to_thread(command.upgrade, migrations._config(url), BEFORE)
    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    await connection.execute(ROWS)
    await asyncio.to_thread(migrations.upgrade, url)
    yield connection
    await connection.close()
    databases.drop(url)


async def test_what_was_there_is_moved_and_mended(upgraded: Any) -> None:
    await every_version_has_what_it_was_saved_with(upgraded)
    members = await upgraded.fetch("SELECT name FROM project_members JOIN users u ON u.id = user_id")
    assert [row["name"] for row in members] == ["Ben"]
    projects = await upgraded.fetch("SELECT name FROM specification_projects ORDER BY id")
    assert [row["name"] for row in projects] == ["Atlas", "-"]
    modules = await upgraded.fetch('SELECT title, "order" FROM course_modules ORDER BY "order"')
    assert [tuple(row) for row in modules] == [("c", 1), ("a", 2), ("b", 3)]
    assert [row["order"] for row in await upgraded.fetch('SELECT "order" FROM lessons ORDER BY 1')] == [10, 20]
    enrollments = await upgraded.fetch(
        "SELECT status::text, completed_at IS NULL, expires_at, payment_currency FROM enrollments ORDER BY user_id"
    )
    assert [tuple(row) for row in enrollments] == [("COMPLETED", False, None, "EUR"), ("ACTIVE", True, None, "USD")]
    assert await upgraded.fetchval("SELECT count(*) FROM users WHERE last_login_at IS NOT NULL") == 0


async def every_version_has_what_it_was_saved_with(connection: Any) -> None:
    """What cannot be known is null: who saved the first text that was kept, and what they said."""
    assert [tuple(row) for row in await connection.fetch(VERSIONS)] == [
        ("REQUIREMENTS", 1, "first", None, None, 1),
        ("REQUIREMENTS", 2, "second", "Ada wrote the second", "Ada", 2),
        ("REQUIREMENTS", 3, "third", "Ben wrote the third", "Ben", 3),
        ("DESIGN", 1, None, "Imported 1", "Ada", 2),
        ("DESIGN", 2, None, "Imported 2", "Ben", 3),
        ("DESIGN", 3, "taken over", None, None, 3),
        ("DESIGN", 4, "edited", "Ben edited it", "Ben", 4),
        ("TASKS", 1, "only", None, None, 1),
    ]
    made = await connection.fetch(
        "SELECT v.id::text, v.created_at FROM document_versions v JOIN specification_documents USING (content, version)"
    )
    assert [UUID(row["id"]).int >> 80 for row in made] == [row["created_at"].timestamp() * 1000 for row in made]
    assert {UUID(row["id"]).version for row in made} == {7}
