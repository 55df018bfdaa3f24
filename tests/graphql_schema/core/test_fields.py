"""What every declared field has in common."""

from operator import itemgetter

import pytest

from db import tables
from graphql_schema.core import column, deprecated
from graphql_schema.core.fields import Computed, object_type
from graphql_schema.core.strawberry_seam import TYPES, Schema


def test_a_number_that_may_be_too_large_for_the_graph_is_not_declared_as_one() -> None:
    with pytest.raises(TypeError, match="32 bits"):
        column("Its number at GitHub.").annotation(tables.Repository, "github_id")


def test_a_deprecated_field_says_what_to_use_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TYPES, "Leaf", None)
    size = Computed("How large it is.", int, itemgetter("size"))
    object_type("Leaf", "A leaf.", size=size, width=deprecated(size, "Use `size`."))
    printed = Schema(query=TYPES["Leaf"]).as_str()
    assert "  size: Int!\n" in printed
    assert '  width: Int! @deprecated(reason: "Use `size`.")\n' in printed
