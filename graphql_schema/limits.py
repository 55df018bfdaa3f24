"""The numbers that limit an operation. They stand alone: a program that only reads settings needs no GraphQL."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The largest operation that is run. Refusals have the code `MAX_<NAME>_LIMIT`, in capitals."""

    document_bytes: int = 64 * 2**10
    """Bytes of the document in UTF-8."""
    tokens: int = 2_000
    """Tokens of the document, comments included."""
    fragments: int = 50
    """Fragments that the document defines."""
    depth: int = 12
    """Fields inside fields. Fields of introspection are not counted, as the queries of all tools nest them deeply."""
    root_fields: int = 20
    """Fields of the root type."""
    aliases: int = 30
    """Fields with an alias."""
    directives: int = 50
    """Directives, wherever they stand in the operation."""
    selections: int = 2_000
    """Fields and fragments. Below a long list of introspection they count about as often as the list has items."""
    values: int = 2_000
    """Values in the variables, lists and objects included, as often as the variable is used. A mutation can declare
    that it takes more."""
    nesting: int = 20
    """Lists and objects inside each other in a variable."""
    nodes: int = 10_000
    """Items of lists: the page sizes multiplied down the tree."""
    points: int = 1_000
    """Points that the operation may cost; the description of `Query` says how they are counted."""

    def __post_init__(self) -> None:
        wrong = [name for name, limit in vars(self).items() if limit < 1]
        if wrong:
            raise ValueError(f"A limit is at least 1: {', '.join(wrong)}.")
