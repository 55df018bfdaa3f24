"""What may change between two versions of the graph, and what is refused because it was not announced."""

import pytest

from graphql_schema.compatibility import changes

OLD = """
    type Query {
      book(isbn: String, title: String @deprecated(reason: "Use isbn.")): Book
      shelf: Shelf @deprecated(reason: "Shelves are going away.")
      node(id: ID!): Node
    }
    type Mutation { add(input: AddInput!): Book }
    input AddInput { isbn: String!, colour: String @deprecated(reason: "Books have none.") }
    interface Node { id: ID! }
    type Book implements Node { id: ID!, pages: Int!, cover: Cover!, weight: Int @deprecated(reason: "Use pages.") }
    type Shelf implements Node { id: ID!, boards(first: Int): BoardConnection! }
    type BoardConnection { totalCount: Int!, material: Material! }
    type Secret implements Node { id: ID! }
    enum Cover { HARD, SOFT, LEATHER @deprecated(reason: "Too dear.") }
    enum Material { WOOD }
"""


def changed(*replacements: tuple[str, str]) -> str:
    """The old schema with some texts replaced."""
    text = OLD
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (" pages: Int!,", "", "Field Book.pages was removed. Mark it as deprecated"),
        ("isbn: String, ", "", "Argument Query.book(isbn:) was removed. Mark it as deprecated"),
        (" SOFT,", "", "Enum value Cover.SOFT was removed. Mark it as deprecated"),
        ("isbn: String!, ", "", "Field AddInput.isbn was removed. Mark it as deprecated"),
        ("pages: Int!", "pages: Int", "Field Book.pages changed type from Int! to Int. Declare another"),
        ("weight: Int ", "weight: String ", "Field Book.weight changed type from Int to String. Declare another"),
        (
            "isbn: String,",
            "isbn: ID,",
            "Argument Query.book(isbn:) has changed type from String to ID. Declare another",
        ),
        ("isbn: String,", "isbn: String, of: ID!,", "A required argument Query.book(of:) was added. Make it optional"),
        ("isbn: String!,", "isbn: String!, of: ID!,", "A required field AddInput.of was added. Make it optional"),
        ("type Secret implements Node { id: ID! }", "", "Secret was removed. Mark all that leads to it"),
        ("type Book implements Node", "type Book", "Book no longer implements interface Node. Clients rely on it"),
    ],
)
def test_what_breaks_clients_unannounced_is_refused_with_its_coordinate(old: str, new: str, complaint: str) -> None:
    [breaking] = changes(OLD, changed((old, new))).breaking
    assert breaking.startswith(complaint)


@pytest.mark.parametrize(
    "deprecated",
    [
        ', weight: Int @deprecated(reason: "Use pages.")',
        ', title: String @deprecated(reason: "Use isbn.")',
        ', LEATHER @deprecated(reason: "Too dear.")',
        ', colour: String @deprecated(reason: "Books have none.")',
    ],
)
def test_what_was_deprecated_may_go(deprecated: str) -> None:
    assert changes(OLD, changed((deprecated, ""))).breaking == []


SHELF = 'shelf: Shelf @deprecated(reason: "Shelves are going away.")'
SHELVES = (
    (SHELF, ""),
    ("type Shelf implements Node { id: ID!, boards(first: Int): BoardConnection! }", ""),
    ("type BoardConnection { totalCount: Int!, material: Material! }", ""),
    ("enum Material { WOOD }", ""),
)


def test_types_may_go_with_the_last_deprecated_field_that_led_to_them() -> None:
    assert changes(OLD, changed(*SHELVES)).breaking == []


def test_a_type_that_something_else_leads_to_may_not_go_with_a_deprecated_field() -> None:
    old = changed(("type Book implements Node {", "type Book implements Node { stands: Shelf,"))
    removed = {line.partition(" was removed.")[0] for line in changes(old, changed(*SHELVES)).breaking}
    assert removed == {"Field Book.stands", "Shelf", "BoardConnection", "Material"}


def test_what_was_deprecated_and_stays_must_not_change() -> None:
    [breaking] = changes(OLD, changed(("boards(first: Int)", "boards"))).breaking
    assert breaking.startswith("Argument Shelf.boards(first:) was removed.")


def test_what_may_surprise_clients_is_listed_and_what_cannot_is_not() -> None:
    found = changes(OLD, changed(("HARD,", "HARD, SILK,"), ("pages: Int!,", "pages: Int!, words: Int!,")))
    assert found.breaking == []
    assert found.dangerous == ["Enum value Cover.SILK was added."]


def test_deprecating_is_no_change_that_anybody_has_to_hear_of() -> None:
    found = changes(OLD, changed(("pages: Int!", 'pages: Int! @deprecated(reason: "Use words.")')))
    assert (found.breaking, found.dangerous) == ([], [])
