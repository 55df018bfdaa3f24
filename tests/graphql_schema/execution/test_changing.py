"""Mutations that are one statement, with what is selected of them in it or read afterwards."""

from tests.conftest import Graph

EDIT = """
mutation ($id: ID!, $people: UserFilter) {
  editDocument(input: { documentId: $id, content: "New", expectedVersion: 2 }) {
    document { project { documents { totalCount } people(filter: $people) { totalCount } } }
    errors { code }
  }
}
"""


async def test_what_is_read_afterwards_has_parameters_of_its_own(either: Graph) -> None:
    """`role` is in the rule of documents and in a filter, which keeps nobody."""
    answer = await either.data("ben", EDIT, id=either.world.requirements.public_id, people={"role": []})
    project = {"documents": {"totalCount": 2}, "people": {"totalCount": 0}}
    assert answer["editDocument"] == {"document": {"project": project}, "errors": []}
