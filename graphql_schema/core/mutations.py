"""Mutations: what they all have, and those of several steps, which are functions over a unit of work.

A function becomes a field with one transaction and a typed payload. A mutation that is one statement is declared by
`graphql_schema.core.changes`.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from operator import itemgetter
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from strawberry.types.arguments import StrawberryArgument
from strawberry.utils.str_converters import to_camel_case

from db.base import Base
from db.change.statement import ChangeStatement
from db.deadlocks import repeated
from db.errors import BadInput, Conflict, Forbidden, NotFound, Refusal, Refusals, Unauthenticated
from graphql_schema.core import tree
from graphql_schema.core.bulk import check_items
from graphql_schema.core.context import Context
from graphql_schema.core.fields import Computed, Field, object_type
from graphql_schema.core.inputs import below, objects_in
from graphql_schema.core.references import Reference, sized
from graphql_schema.core.selected import Selected
from graphql_schema.core.signature import argument
from graphql_schema.core.texts import check_texts

IN_LIST = re.compile(r"\.\d+(\..*)?$")
"""The end of a way that leads into a list."""

object_type(
    "UserError",
    "Why a mutation, or an item of a list in its input, was refused. Nothing of what was refused is done.",
    code=Computed(
        "What went wrong, for programs: `NOT_FOUND`, `FORBIDDEN`, `CONFLICT`, `BAD_USER_INPUT`, `ROLLED_BACK`.",
        str,
        itemgetter("code"),
    ),
    message=Computed("What went wrong, for people.", str, itemgetter("message")),
    path=Computed(
        "The way to the input field at fault, such as `[input, members, 2, userId]`; empty where it is no field.",
        list[str],
        lambda error: ["input", *error["at"].split(".")] if error["at"] else [],
    ),
)


class Showing(NamedTuple):
    """The statement of a mutation that is one, and the values of the parameters of what is selected of its payload."""

    statement: ChangeStatement
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Mutation(Field):
    """A field that changes something."""

    guests: bool = field(default=False, kw_only=True)
    alone: bool = field(default=False, kw_only=True)
    """Whether it is never undone with others, nor its answer kept under a key: what it counts stays, and what it shows
    is shown once. Those of guests are all so.
    """
    values: int = field(default=0, kw_only=True)
    """Values that the variables of its operation may have, where these are more than those of any may have."""

    @property
    def module(self) -> str:
        """The name of the module that declares the mutation."""
        raise NotImplementedError

    @property
    def slice(self) -> str:
        """The slice that the mutation belongs to: `specs` of `graphql_schema.specs.mutations`."""
        return self.module.split(".")[-2]

    def annotation(self, table: type[Base], name: str) -> Any:
        return f"{pascal(name)}Payload | None"  # null of one that failed leaves the others whole

    def lower(self, at: Selected) -> tree.Node:
        """The mutation. Its payload is lowered where nothing is known of the input: here lists get their sizes."""
        payload = at.object()
        members = tuple(sized(member, at) for member in payload.members)
        return tree.Python(at.coordinate, at.name, self, replace(payload, members=members), at.given())

    async def resolve(self, source: Any, context: Context, name: str, arguments: dict[str, Any]) -> Any:
        if source is not None:  # what it answered before is shown
            return source
        return await self.mutate(context, arguments)

    async def mutate(
        self, context: Context, arguments: dict[str, Any], showing: Showing | None = None
    ) -> dict[str, Any]:
        """The payload of the mutation, which is done now, by a statement that also shows it if there is one.

        A refusal is told in it.
        """
        if context.viewer.is_guest and not self.guests:
            raise Unauthenticated
        try:
            self._check_scope(context)
            done = partial(self.done, context, arguments, showing)
            return await (done() if context.transaction else repeated(done))
        except (BadInput, Conflict, Forbidden, NotFound) as refusal:
            context.fail()
            return self.payload(getattr(refusal, "current", None), [_placed(refusal, arguments)])
        except Refusals as several:
            context.fail()
            return self.payload(None, several.refusals)
        finally:
            context.forget()

    def _check_scope(self, context: Context) -> None:
        if not context.viewer.has_scope(f"{self.slice}:write"):
            raise Forbidden("The scopes of your credential do not allow this.")

    async def done(self, context: Context, arguments: dict[str, Any], showing: Showing | None) -> dict[str, Any]:
        """The payload of the mutation; raises why it is refused."""
        raise NotImplementedError

    def payload(self, result: Any, refusals: Sequence[Refusal]) -> dict[str, Any]:
        """The payload with the result of a mutation, and with what was refused."""
        raise NotImplementedError


@dataclass(frozen=True)
class Steps(Mutation):
    """A function over a unit of work, with the names and types of what it returns."""

    function: Callable[..., Awaitable[Any]]
    returns: dict[str, Any]

    @property
    def module(self) -> str:
        return self.function.__module__

    def arguments(self) -> list[StrawberryArgument]:
        return arguments_of(self.function)

    async def done(self, context: Context, arguments: dict[str, Any], showing: Showing | None) -> dict[str, Any]:
        async with context.source.work(context.viewer) as work:
            work.payer, work.request_id, work.origin = context.payer, context.request_id, context.origin
            check_items(*arguments.values())
            check_texts(*arguments.values())
            result = await self.function(work, **arguments)
        context.viewer = work.viewer
        context.moved.update(work.moved)
        return self.payload(result, work.refusals)

    def payload(self, result: Any, refusals: Sequence[Refusal]) -> dict[str, Any]:
        values = result if isinstance(result, tuple) else (result,)
        return {name: _key(value) for name, value in zip(self.returns, values, strict=False)} | told(refusals)


def _placed(refusal: Refusal, arguments: dict[str, Any]) -> Refusal:
    """A refusal at its place in the input. A constraint knows no more of that than a column, and what the row is of.

    Raises what a constraint has refused itself where no field of the input can be at fault: then the mutation is.
    """
    broken = refusal.__cause__
    if broken is None:
        return refusal
    objects = [found for input in arguments.values() for found in objects_in(input)]
    start = next((at for at, part in objects if part is refusal.item), None)
    if start is None:  # which item of a list it is nobody knows
        refusal.at = IN_LIST.sub("", _way(refusal.at, objects)) or None
    else:
        inside = [(at, part) for at, part in objects_in(refusal.item) if not IN_LIST.search(at)]
        refusal.at = ".".join(filter(None, (start, _way(refusal.at, inside)))) or None
    if isinstance(refusal, BadInput) and refusal.at in (None, start):
        raise broken
    return refusal


def _way(name: str | None, objects: Iterable[tuple[str, Any]]) -> str:
    """The way to the first field of this name in objects; empty where none has it."""
    found = (below(at, field.name) for at, part in objects for field in fields(part))
    return next((way for way in found if way.rpartition(".")[2] == name), "")


def told(refusals: Sequence[Refusal]) -> dict[str, Any]:
    """The payload of a mutation that was refused for these reasons, or that tells of them beside what was done."""
    return {"errors": [{"code": refusal.code, "message": refusal.message, "at": refusal.at} for refusal in refusals]}


def mutation(
    *, guests: bool = False, alone: bool = False, weight: int = 100, values: int = 0, **returns: Any
) -> Callable[[Callable[..., Awaitable[Any]]], Steps]:
    """Make a function `(work, input)` a mutation. `returns` names what it returns, in order: a table, `references` to
    several rows of one, or a type.

    The function's docstring is the description. It runs in one transaction; a refusal undoes all of it and becomes an
    entry of `errors`, and so does a constraint that it breaks: see `db.constraints`. A conflict shows the
    object as it stands in the payload's first field. With `guests` nobody has to be signed in. What counts failures or
    shows a secret is done `alone`. `values` is how many its variables may have, where every operation's `Limits.values`
    are too few: so many are made sense of beside the event loop.
    """

    def declare(function: Callable[..., Awaitable[Any]]) -> Steps:
        payload_type(function.__name__, returns)
        options: Any = {"guests": guests, "alone": alone or guests, "values": values, "weight": weight}
        return Steps(described(function), function, returns, **options)

    return declare


def payload_type(name: str, returns: Mapping[str, Any]) -> None:
    """Make the type of the payload of a mutation, with what it returns."""
    fields = {name: _output(name, kind) for name, kind in returns.items()}
    errors = Computed("Why it was refused; empty when it was done.", "list[UserError]", itemgetter("errors"))
    object_type(f"{pascal(name)}Payload", f"What `{to_camel_case(name)}` answers.", **fields, errors=errors)


def arguments_of(function: Callable[..., Any]) -> list[StrawberryArgument]:
    """The parameters of a function behind the first, as arguments of a field.

    Each has its description: `document_id: Annotated[ID, "The document to listen to."]`; that of `input` is given here.
    """
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [argument(parameter.name, *_annotated(parameter)) for parameter in parameters]


def described(function: Callable[..., Any]) -> str:
    """The docstring of a function as the description of a field."""
    assert function.__doc__, f"{function.__name__} needs a docstring: front-end developers read it"
    return inspect.cleandoc(function.__doc__)


def pascal(name: str) -> str:
    """`add_comment` as the name of a type: `AddComment`."""
    return "".join(part.capitalize() for part in name.split("_"))


def _annotated(parameter: inspect.Parameter) -> tuple[Any, str]:
    """The type and the description of a parameter."""
    if get_origin(parameter.annotation) is Annotated:
        kind, described = get_args(parameter.annotation)
        return kind, described
    assert parameter.name == "input", f'Describe the argument: {parameter.name}: Annotated[…, "What it is."]'
    return parameter.annotation, "What to do, and to what."


def _output(name: str, kind: Any) -> Field:
    if isinstance(kind, Field):
        return kind
    label = name.replace("_", " ")
    if isinstance(kind, type) and issubclass(kind, Base):
        return Reference(f"The {label} as it is now; null when the mutation was refused.", kind)
    return Computed(f"The {label}; null when the mutation was refused.", kind | None, lambda payload: payload.get(name))


def _key(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_key, value))
    return value.id if isinstance(value, Base) else value
