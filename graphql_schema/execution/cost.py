"""The cost of an operation, known before it runs: how much it can answer with at most.

What is certain is added up once, when the plan is made. A request adds the lists whose length a variable gives.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from graphql import get_named_type, get_nullable_type, is_leaf_type, is_list_type

from graphql_schema.core.arguments import Size
from graphql_schema.core.tree import Choice, Constant, List, Member, Node, Object, Part, Row, given_of
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

T = TypeVar("T")
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


Cost = Estimate | Callable[[Values], Estimate]
"""A cost that no variable can change, or one that their values give."""


def known(amount: T | Callable[[Values], T], values: Values) -> T:
    """The amount, if it is certain; or else what it is for these values of variables."""
    return amount(values) if callable(amount) else amount


def cost(tree: Object) -> Cost:
    """The cost of an operation: the most that it may answer with."""
    return _sum([ENVELOPE, _below(tree, 1)])


def by_path(
    node: Node, values: Values, path: str = "", *, number: int = 1, page: Size = 1
) -> Iterator[tuple[str, int, int]]:
    """The path, the nodes and the weight of every field below a node that is there so often, wherever it has any."""
    match node:
        case Object(members=members):
            for member in members:
                own, at = _own(member), f"{path}.{member.key}".lstrip(".")
                times = number * known(_size(member, page), values)
                if own.weight or own.nodes:
                    yield at, times * own.nodes, times * own.weight
                yield from by_path(member.node, values, at, number=times)
        case Choice(cases=cases):
            dearest = max(cases.values(), key=lambda case: known(_below(case, 1), values).weight)
            yield from by_path(dearest, values, path, number=number)
        case List(given=given, body=body):
            if given.weight:
                yield f"{path}.orderBy", 0, number * known(given.weight, values)
            yield from by_path(body, values, path, number=number, page=given.size)
        case _:
            for _, inner in node.below():
                yield from by_path(inner, values, path, number=number)


def _below(node: Node, page: Size) -> Cost:
    """The cost of what is below a node. Lists of objects there that say nothing else have the items of the page."""
    match node:
        case Object(members=members):
            return _sum(_times(_sum([_own(one), _below(one.node, 1)]), _size(one, page)) for one in members)
        case Choice(cases=cases):
            return _dearest([_below(case, 1) for case in cases.values()])
        case List(given=given, body=body):
            return _sum([_times(Estimate(0, 1, 0), given.weight), _below(body, given.size)])
    return _sum(_below(inner, 1) for _, inner in node.below())


def _own(member: Member) -> Estimate:
    """The cost that each object adds that has the field, or each item of it if it is a list of objects."""
    if isinstance(member.node, Constant):
        return NOTHING
    return Estimate(int(_is_list(member)), member.weight, int(not is_leaf_type(get_named_type(member.type))))


def _size(member: Member, page: Size) -> Size:
    """How many there are of a field on each object: more than one of a list of objects, as its arguments or its payload
    say, the bound of JSON, or the page that it shows.
    """
    if isinstance(member.node, Part):
        return member.node.most or 1
    given = given_of(member.node) if isinstance(member.node, Choice | List | Row) else None
    return (given.size if given else page) if _is_list(member) else 1


def _is_list(member: Member) -> bool:
    """Whether it is a list of objects."""
    return is_list_type(get_nullable_type(member.type)) and not is_leaf_type(get_named_type(member.type))


def _sum(costs: Iterable[Cost]) -> Cost:
    """The sum of costs: those that are certain are added up once, the others for each request."""
    all_ = list(costs)
    certain = _added(one for one in all_ if isinstance(one, Estimate))
    varying = [one for one in all_ if not isinstance(one, Estimate)]
    return (lambda values: _added([certain, *(one(values) for one in varying)])) if varying else certain


def _times(cost: Cost, size: Size) -> Cost:
    if isinstance(cost, Estimate) and isinstance(size, int):
        return cost.times(size)
    return lambda values: known(cost, values).times(known(size, values))


def _dearest(costs: Sequence[Cost]) -> Cost:
    """The cost of an object that may have several types."""

    def dearest(values: Values) -> Estimate:
        return Estimate(*map(max, zip(*(known(one, values) for one in costs), strict=True)))

    return dearest({}) if all(isinstance(one, Estimate) for one in costs) else dearest


def _added(estimates: Iterable[Estimate]) -> Estimate:
    return Estimate(*map(sum, zip(NOTHING, *estimates, strict=True)))
