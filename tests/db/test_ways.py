"""Ways lead from a row to what it belongs to."""

import pytest

from db import tables
from db.base import Base
from db.ways import way


@pytest.mark.parametrize(
    ("table", "to", "columns"),
    [
        (tables.SpecificationProject, tables.SpecificationProject, ["id"]),
        (tables.SpecificationProject, tables.Organization, ["organization_id"]),
        (tables.Reaction, tables.SpecificationProject, ["comment_id", "thread_id", "document_id", "project_id"]),
        (tables.PullRequest, tables.Organization, ["repository_id", "organization_id"]),
        (tables.WebhookEvent, tables.Organization, ["organization_id"]),
        (tables.AuditLog, tables.Organization, ["organization_id"]),
        (tables.LessonProgress, tables.Organization, []),
    ],
)
def test_a_way_leads_to_what_a_row_belongs_to(table: type[Base], to: type[Base], columns: list[str]) -> None:
    assert [column.name for column in way(table.__table__, to.__table__)] == columns
