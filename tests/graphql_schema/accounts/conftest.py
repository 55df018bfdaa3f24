"""Mails of a test."""

import pytest

from tests.conftest import NotingDatabase
from tests.graphql_schema.accounts.mails import Post


@pytest.fixture
def post(database: NotingDatabase) -> Post:
    """The mails that are sent in this test."""
    return Post(database=database)
