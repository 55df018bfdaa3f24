"""The fields of a page of a list: over its rows, over all of them together, and over all pages."""

from dataclasses import dataclass

from graphql_schema.core import tree
from graphql_schema.core.fields import Computed
from graphql_schema.core.selected import Selected


@dataclass(frozen=True)
class Items(Computed):
    """An array with an item for each row of the page."""

    def lower(self, at: Selected) -> tree.Node:
        return tree.Each(at.item())


@dataclass(frozen=True)
class Within(Computed):
    """An object over the same page, or over the same row of it."""

    def lower(self, at: Selected) -> tree.Node:
        return at.item()


@dataclass(frozen=True)
class Cursor(Computed):
    """The cursor of a row of the page."""

    def lower(self, at: Selected) -> tree.Node:
        return tree.Value("cursor", lambda scope: scope.page.cursor())


@dataclass(frozen=True)
class HasMore(Computed):
    """Whether there are rows beyond an end of the page, or beyond its start."""

    at_end: bool = True

    def lower(self, at: Selected) -> tree.Node:
        text = "more behind" if self.at_end else "more ahead"
        return tree.Value(text, lambda scope: scope.page.has_more(at_end=self.at_end), over="page")


@dataclass(frozen=True)
class Border(Computed):
    """The cursor of the last row of the page, or of the first."""

    at_end: bool = True

    def lower(self, at: Selected) -> tree.Node:
        text = "last cursor" if self.at_end else "first cursor"
        return tree.Value(text, lambda scope: scope.page.border(at_end=self.at_end), over="page")


@dataclass(frozen=True)
class Total(Computed):
    """How many rows all pages have."""

    def lower(self, at: Selected) -> tree.Node:
        return tree.Value("count", lambda scope: scope.page.total(), over="list")


@dataclass(frozen=True)
class Exact(Computed):
    """Whether the number of rows on all pages is that of all there are."""

    def lower(self, at: Selected) -> tree.Node:
        return tree.Value("is exact", lambda scope: scope.page.is_exact(), over="list")
