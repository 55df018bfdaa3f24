"""What an operation may cost, known before it runs: how much it can answer with at most.

The fields of a plan become places once. What a request adds are the sizes of pages that its variables give.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from graphql import (
    IntValueNode,
    ListValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
)

from graphql_schema.core.connections import DEFAULT_PAGE, LARGEST_PAGE, Many
from graphql_schema.core.nodes import NODES
from graphql_schema.core.roots import LARGEST_BATCH, NodesById
from graphql_schema.execution.steps import Step

WEIGHT_OF_A_POINT = 10
WEIGHT_OF_THE_SCHEMA = 500
VALUES_OF_A_POINT = 100
FORMULA = (
    "An operation weighs as much as it may answer with: each object 1 and each value nothing, unless its field says "
    "otherwise, and what stands in a list as often as its page has items. To ask about the schema, `__schema` or "
    f"`__type`, weighs {WEIGHT_OF_THE_SCHEMA}. It costs a tenth of its weight in points, rounded up, "
    f"and one more for each {VALUES_OF_A_POINT} values in its variables."
)

Values = Mapping[str, Any]
Size = int | Callable[[Values], int]


class Estimate(NamedTuple):
    """What an operation, or a part of it, comes to at most."""

    nodes: int
    """Items of lists. Source: GitHub GraphQL API, "Node limit"."""
    weight: int
    objects: int
    """Objects in the JSON of the answer."""
    values: int = 0
    """Values in the variables. They are paid for however much is answered."""

    @property
    def points(self) -> int:
        """What it costs."""
        return max(1, -(-self.weight // WEIGHT_OF_A_POINT)) + self.values // VALUES_OF_A_POINT

    def with_values(self, number: int) -> "Estimate":
        """The same with so many values in the variables."""
        return self if number < VALUES_OF_A_POINT else self._replace(values=number)

    def actual(self, objects: int) -> int:
        """What it costs in the end, if the answer holds so many objects: the same share of the points, rounded up."""
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


@dataclass(frozen=True)
class Place:
    """A field of the answer: what each of its objects adds, how many there are for each parent, and what is below."""

    path: str
    each: Estimate
    size: Size
    below: Sequence["Place"]

    def estimate(self, values: Values) -> Estimate:
        """What the field and all below it come to, for one parent and these values of variables."""
        return self._certain or self._sum(values)

    def by_path(self, values: Values, parents: int = 1) -> Iterator[tuple[str, int, int]]:
        """The path, the nodes and the weight of every field that has any, without what is below it."""
        times = parents * self._times(values)
        if self.each.weight or self.each.nodes:
            yield self.path, times * self.each.nodes, times * self.each.weight
        for place in self.below:
            yield from place.by_path(values, times)

    @cached_property
    def is_certain(self) -> bool:
        """Whether no variable can change it."""
        return isinstance(self.size, int) and all(place.is_certain for place in self.below)

    @cached_property
    def _certain(self) -> Estimate | None:
        return self._sum({}) if self.is_certain else None

    def _sum(self, values: Values) -> Estimate:
        nodes, weight, objects, _ = self.each
        for place in self.below:
            more = place.estimate(values)
            nodes, weight, objects = nodes + more[0], weight + more[1], objects + more[2]
        times = self._times(values)
        return Estimate(times * nodes, times * weight, times * objects)

    def _times(self, values: Values) -> int:
        return self.size if isinstance(self.size, int) else self.size(values)


class Dearest(Place):
    """What is selected of an object whose type is not known before: of those it may have, the dearest counts."""

    def by_path(self, values: Values, parents: int = 1) -> Iterator[tuple[str, int, int]]:
        """The same for the type that weighs most."""
        dearest = max(self.below, key=lambda place: place.estimate(values).weight)
        return dearest.by_path(values, parents)

    def _sum(self, values: Values) -> Estimate:
        choices = [place.estimate(values) for place in self.below]
        return Estimate(*map(max, zip(*choices, strict=True)))


def place_of(steps: Iterable[Step]) -> Place:
    """The place of a whole operation."""
    return Place("", ENVELOPE, 1, _places(steps, ""))


def _places(steps: Iterable[Step], path: str, page: Size = 1) -> list[Place]:
    """The places of the steps that add anything. `page` is how many items their lists have."""
    places = (_place(step, f"{path}.{step.key}".lstrip("."), page) for step in steps if not step.is_typename)
    return [place for place in places if place.below or any(place.each)]


def _place(step: Step, path: str, page: Size) -> Place:
    if step.field is None:
        return Place(path, Estimate(nodes=0, weight=WEIGHT_OF_THE_SCHEMA, objects=1), 1, ())
    is_object = not is_leaf_type(get_named_type(step.output))
    is_list = is_object and is_list_type(get_nullable_type(step.output))
    weight = int(is_object) if step.field.weight is None else step.field.weight
    size = _number_of_ids(step) if isinstance(step.field, NodesById) else page if is_list else 1
    return Place(path, Estimate(int(is_list), weight, int(is_object)), size, _below(step, path))


def _below(step: Step, path: str) -> list[Place]:
    if not is_abstract_type(get_named_type(step.output)):
        return _places(step.children, path, _size_of_page(step) if isinstance(step.field, Many) else 1)
    choices = [Place(path, NOTHING, 1, _places(step.children_of(table), path)) for table in NODES]
    return [Dearest(path, NOTHING, 1, choices)] if any(choice.below for choice in choices) else []


def _size_of_page(step: Step) -> Size:
    """A size that is out of bounds is refused where it stands: no more is answered than within them."""
    given = _given(step)
    asked = [given[name] for name in ("last", "first") if name in given]

    def size(values: Values) -> int:
        numbers = (_number(node, values) for node in asked)
        number = next((number for number in numbers if number is not None), DEFAULT_PAGE)
        return min(max(number, 0), LARGEST_PAGE)

    return size if any(isinstance(node, VariableNode) for node in asked) else size({})


def _number_of_ids(step: Step) -> Size:
    match _given(step)["ids"]:
        case VariableNode(name=name):
            return lambda values: min(len(values[name.value]), LARGEST_BATCH)
        case ListValueNode(values=items):
            return min(len(items), LARGEST_BATCH)
    return 1


def _given(step: Step) -> dict[str, ValueNode]:
    """The arguments as they are written."""
    return {argument.name.value: argument.value for argument in step.selected.nodes[0].arguments or ()}


def _number(node: ValueNode, values: Values) -> int | None:
    match node:
        case VariableNode(name=name):
            return values.get(name.value)
        case IntValueNode(value=digits):
            return int(digits)
    return None
