"""The cost of an operation, known before it runs: how much it can answer with at most.

What is certain is added up once, when the plan is made. A request adds the lists whose length a variable gives.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

from graphql import get_named_type, get_nullable_type, is_leaf_type, is_list_type

from graphql_schema.core.arguments import Size
from graphql_schema.core.tree import Choice, Constant, List, Member, Node, Object
from graphql_schema.execution.lowering import WEIGHT_OF_THE_SCHEMA

WEIGHT_OF_A_POINT = 10
VALUES_OF_A_POINT = 100
FORMULA = (
    "An operation weighs as much as it may answer with: each object 1 and each value nothing, unless its field says "
    "otherwise, and what stands in a list as often as its page has items. An order that has to be worked out weighs "
    "something, too, once for each list. To ask about the schema, `__schema` or "
    f"`__type`, weighs {WEIGHT_OF_THE_SCHEMA}. It costs a tenth of its weight in points, rounded up, "
    f"and one more for each {VALUES_OF_A_POINT} values in its variables."
)

Values = Mapping[str, Any]


class Estimate(NamedTuple):
    """The most that an operation, or a part of it, comes to."""

    nodes: int
    """Items of lists. Source: GitHub GraphQL API, "Node limit"."""
    weight: int
    objects: int
    """Objects in the JSON of the answer."""
    values: int = 0
    """Values in the variables. They are paid for however much is answered."""

    @property
    def points(self) -> int:
        """The price in points."""
        return max(1, -(-self.weight // WEIGHT_OF_A_POINT)) + self.values // VALUES_OF_A_POINT

    def with_values(self, number: int) -> "Estimate":
        """This estimate with so many values in the variables."""
        return self if number < VALUES_OF_A_POINT else self._replace(values=number)

    def times(self, number: int) -> "Estimate":
        """So many of it."""
        return Estimate(number * self.nodes, number * self.weight, number * self.objects)

    def actual(self, objects: int) -> int:
        """The price in the end, if the answer holds so many objects: the same share of the points, rounded up."""
        values = self.values // VALUES_OF_A_POINT
        return max(1, -(-(self.points - values) * min(objects, self.objects) // self.objects)) + values


NOTHING = Estimate(0, 0, 0)
ENVELOPE = Estimate(nodes=0, weight=0, objects=2)
"""The objects that every answer has: itself, and its data."""


def objects_in(body: bytes) -> int:
    """How many objects the JSON of an answer holds.

    Every object of an answer has members, and no text is mistaken for one: the quote in `{"` would be escaped there.
    Objects of errors, and of values that are JSON themselves, are counted too. That is near enough, as nobody is
    charged more than was estimated.
    """
    return body.count(b'{"')


class Term(NamedTuple):
    """The cost of one field: `each` for every object that has it, so many times, and as often as variables say.

    Of an object that may have several types the dearest of the `cases` counts.
    """

    path: str
    each: Estimate
    times: int
    sizes: tuple[Callable[[Values], int], ...]
    cases: tuple["Cost", ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether no variable decides which of the cases is the dearest."""
        return all(case.is_certain for case in self.cases)

    @property
    def certain(self) -> Estimate:
        """The estimate of each, as far as no variable decides it."""
        return _dearest(self.cases, {}) if self.cases and self.is_certain else self.each

    def number(self, values: Values) -> int:
        """How many there are of it for these values of variables."""
        return self.times * prod(size(values) for size in self.sizes)

    def by_path(self, values: Values) -> Iterator[tuple[str, int, int]]:
        """The path, the nodes and the weight of every field that has any."""
        number = self.number(values)
        if self.each.weight or self.each.nodes:
            yield self.path, number * self.each.nodes, number * self.each.weight
        if self.cases:
            dearest = max(self.cases, key=lambda case: case.estimate(values).weight)
            yield from ((path, number * nodes, number * weight) for path, nodes, weight in dearest.by_path(values))


@dataclass(frozen=True, slots=True)
class Cost:
    """A cost: `sums` of what is there as often as variables say, and `choices` that they decide."""

    terms: tuple[Term, ...]
    sums: tuple[tuple[tuple[Callable[[Values], int], ...], Estimate], ...]
    choices: tuple[Term, ...]

    @classmethod
    def of(cls, terms: Iterable[Term]) -> "Cost":
        """The cost that these terms add up to."""
        all_ = tuple(terms)
        sums: dict[Any, Estimate] = {(): NOTHING}
        for term in all_:
            sums[term.sizes] = _sum([sums.get(term.sizes, NOTHING), term.certain.times(term.times)])
        return cls(all_, tuple(sums.items()), tuple(term for term in all_ if not term.is_certain))

    @property
    def is_certain(self) -> bool:
        """Whether no variable can change it."""
        return len(self.sums) == 1 and not self.choices

    def estimate(self, values: Values) -> Estimate:
        """The estimate for these values of variables."""
        found = [each.times(prod(size(values) for size in sizes)) if sizes else each for sizes, each in self.sums]
        found += [_dearest(term.cases, values).times(term.number(values)) for term in self.choices]
        return found[0] if len(found) == 1 else _sum(found)

    def by_path(self, values: Values) -> Iterator[tuple[str, int, int]]:
        """The path, the nodes and the weight of every field that has any, without what is below it."""
        for term in self.terms:
            yield from term.by_path(values)


def cost(tree: Object) -> Cost:
    """The cost of an operation: the most that it may answer with."""
    return Cost.of([Term("", ENVELOPE, 1, ()), *_terms(tree, Term("", NOTHING, 1, ()), 1)])


def _terms(node: Node, around: Term, page: Size) -> Iterator[Term]:
    """The terms of what is below a node. `around` says how often it is there, `page` how many items its lists have."""
    match node:
        case Object(members=members):
            for member in members:
                if not isinstance(member.node, Constant):
                    term = _term(member, around, page)
                    yield term
                    yield from _terms(member.node, term, 1)
        case Choice(cases=cases):
            alone = Term(around.path, NOTHING, 1, ())
            of_cases = tuple(Cost.of(_terms(case, alone, 1)) for case in cases.values())
            yield Term(around.path, NOTHING, around.times, around.sizes, of_cases)
        case List(given=given, body=body):
            if given.weight:
                yield _sorting(given.weight, around)
            yield from _terms(body, around, given.size)
        case _:
            for _, inner in node.below():
                yield from _terms(inner, around, 1)


def _sorting(weight: Size, around: Term) -> Term:
    """The term of an order that weighs something, once for each list."""
    each, sizes = (weight, ()) if isinstance(weight, int) else (1, (weight,))
    return Term(f"{around.path}.orderBy", Estimate(0, each, 0), around.times, (*around.sizes, *sizes))


def _term(member: Member, around: Term, page: Size) -> Term:
    is_object = not is_leaf_type(get_named_type(member.type))
    is_list = is_object and is_list_type(get_nullable_type(member.type))
    given = member.node.given if isinstance(member.node, Choice | List) else None
    size = (given.size if given else page) if is_list else 1
    times, sizes = (size, ()) if isinstance(size, int) else (1, (size,))
    each = Estimate(int(is_list), member.weight, int(is_object))
    return Term(f"{around.path}.{member.key}".lstrip("."), each, around.times * times, (*around.sizes, *sizes))


def _sum(estimates: Iterable[Estimate]) -> Estimate:
    return Estimate(*map(sum, zip(NOTHING, *estimates, strict=True)))


def _dearest(cases: Iterable[Cost], values: Values) -> Estimate:
    return Estimate(*map(max, zip(*(case.estimate(values) for case in cases), strict=True)))
