"""Mutations that are one statement each, declared like edges: what is found with which permission, what changes, what
is told. A mutation of several steps is a function instead: see `graphql_schema.core.mutations.mutation`.

The functions in a declaration make SQL, not values: they are called once, with the columns of the row that is found,
the input and the id of the viewer as expressions.

>>> add_comment = add(
...     "Say something in a thread. For members who may comment.",
...     AddCommentInput,
...     at=tables.CommentThread,
...     may=COMMENT,
...     row=lambda thread, input, viewer: tables.Comment(thread_id=thread.id, author_id=viewer, content=input.content),
...     tells=DocumentEventKind.COMMENT_ADDED,
... )
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement
from strawberry import ID, UNSET
from strawberry.types.arguments import StrawberryArgument
from strawberry.utils.str_converters import to_camel_case

from db.base import Base
from db.change.declared import Addition, Change, Deletion, Given, Make, May, Unless, Update, UpdateEach, Values
from db.change.keys import ANSWER, AT
from db.change.making import each_made, made
from db.change.parts import Form
from db.change.statement import statement
from db.errors import BadInput, Refusal, Refusals
from db.outbox import CHANGED
from db.references import parent_of
from db.relations import class_of
from db.roots import above, noun
from graphql_schema.core.bulk import OnError, check_items
from graphql_schema.core.context import Context
from graphql_schema.core.mutations import Mutation, Showing, payload_type, told
from graphql_schema.core.signature import argument
from graphql_schema.core.texts import check_texts
from graphql_schema.core.updates import COLUMN, NOT_NULL

KEYS = 6
"""The place in the row of a statement from which on it has the keys of what is shown."""


class Shown(dict[str, Any]):
    """A payload with the JSON of objects in it, in the order of the fields that select them.

    Of what came before under an idempotency key it has the answer that is `known`, and nothing else.
    """

    texts: Sequence[Any] = ()
    known: bytes | None = None


@dataclass(frozen=True)
class OneStatement(Mutation):
    """A change as a field. `gone` is the name under which the payload has the id of what was deleted."""

    input: type
    change: Change
    gone: str | None = None

    def annotation(self, table: type[Base], name: str) -> Any:
        payload_type(name, {**self.change.shows, **({self.gone: ID} if self.gone else {})})
        return super().annotation(table, name)

    @property
    def module(self) -> str:
        return self.input.__module__

    def arguments(self) -> list[StrawberryArgument]:
        return [argument("input", self.input, "What to do, and to what.")]

    async def done(self, context: Context, arguments: dict[str, Any], showing: Showing | None) -> Shown:
        if showing is None:
            form = Form.PART if context.transaction else Form.ALONE
            showing = Showing(statement(self.change, context.viewer.typical, form=form), {})
        input = arguments["input"]
        check_items(input)
        check_texts(input)
        _check_nulls(input)
        return await self._made(context, input, showing)

    def payload(self, result: Any, refusals: Sequence[Refusal]) -> dict[str, Any]:
        return told(refusals)

    async def _made(self, context: Context, input: Any, showing: Showing) -> Shown:
        values = {**showing.values, "request_id": context.request_id}
        row = await made(self.change, context.source, context.viewer, input, showing.statement, values)
        if showing.statement.form is Form.KEYED and row[ANSWER] is not None:
            known = Shown()
            known.known = row[ANSWER]
            return known
        context.note_moved(row[AT])
        refusal = self.change.refusal(row[2] or (), input) if row[1] is None else None
        if refusal:
            context.fail()
        return self.shown(input, row[KEYS:], refusal)

    def shown(self, input: Any, values: Sequence[Any], refusal: Refusal | None = None) -> Shown:
        """The payload with the keys and the JSON that the statement answers with."""
        names = list(self.change.shows)
        # With a refusal the object as it stands is shown, which is the first.
        named = dict(zip(names[:1] if refusal else names, values, strict=False))
        found = Shown(named | told([refusal] if refusal else []))
        if self.gone and not refusal:
            found[self.gone] = getattr(input, self.change.at)
        found.texts = values[len(names) :]
        return found


@dataclass(frozen=True)
class ForEach(OneStatement):
    """A change of each row that a list names. `returns` names what the payload has, with its types: the viewer, the
    number of the rows that were changed, and all that were found. It is read by a second statement.
    """

    change: UpdateEach
    returns: Mapping[str, Any] = field(kw_only=True)

    def annotation(self, table: type[Base], name: str) -> Any:
        payload_type(name, self.returns)
        return Mutation.annotation(self, table, name)

    async def _made(self, context: Context, input: Any, showing: Showing) -> Shown:
        given = self.change, context.source, context.viewer, input, showing.statement
        is_partial = input.on_error is OnError.SKIP
        done = await each_made(*given, {"request_id": context.request_id}, is_partial=is_partial)
        context.note_moved(done.at)
        values = context.viewer.id, done.changed, done.keys
        return Shown(dict(zip(self.returns, values, strict=True)) | told(done.refusals))


def add(
    description: str,
    input: type,
    *,
    at: type[Base],
    may: May,
    row: Make,
    also: Make | None = None,
    also_if: str | None = None,
    once: bool = False,
    renews: Callable[[Any, Any], Values] | None = None,
    is_audited: bool = True,
    tells: str = CHANGED,
    **shows: type[Base],
) -> OneStatement:
    """A row more: `row(found, input, viewer)`, which hangs on the one that is found.

    `also(added, input, viewer)` makes another that hangs on that, if the input has something in the field `also_if`.
    With `once` a row that a unique constraint would refuse is there already, and nothing is changed; with `renews` that
    row gets the values `renews(old, new)`. It shows the added row, or the rows that are named.
    """
    more: Any = {"also": also, "also_if": also_if, "once": once, "renews": renews, "is_audited": is_audited}
    change = Addition(table=at, may=may, at=_field(at), row=row, **more, tells=tells, shows=shows)
    return _declared(description, input, change, {noun(change.target): change.target})


def update(
    description: str,
    input: type,
    *,
    at: type[Base],
    may: May,
    sets: Make = lambda found, input, viewer: {},
    version: str | None = None,
    unless: Unless | None = None,
    where: Callable[[Any], ColumnElement[bool]] | None = None,
    also: Make | None = None,
    in_any_state: bool = False,
    tells: str = CHANGED,
    **shows: type[Base],
) -> OneStatement:
    """Other values for the row that is found: those that the input has by a `change` and that are not left out, and
    `sets(found, input, viewer)`. Where nothing that the input says differs, nothing is changed.

    `version` is the field of the input that has the version which was changed; another one is a CONFLICT. `unless` is a
    condition `(found, viewer)`, and the refusal of whoever meets it. A row that has not `where(found)` has nothing to
    change. What closes a row refuses no change that is made `in_any_state`.
    """
    given = {part.metadata[COLUMN].key: Given(part.name, unset=UNSET) for part in _changes(input)}
    values: Make = lambda found, input, viewer: {**given, **sets(found, input, viewer)}  # noqa: E731  (as it comes in)
    options: Any = {"version": version, "unless": unless, "where": where, "also": also, "in_any_state": in_any_state}
    change = Update(table=at, may=may, at=_field(at), set=values, tells=tells, shows=shows, **options)
    return _declared(description, input, change, {noun(at): at})


def transition(
    description: str,
    input: type,
    *,
    at: type[Base],
    may: May,
    to: StrEnum,
    sets: Make = lambda found, input, viewer: {},
    version: str | None = None,
    unless: Unless | None = None,
    tells: str = CHANGED,
    **shows: type[Base],
) -> OneStatement:
    """Another state for the row that is found, with other values. Where that state cannot follow it is a CONFLICT.

    `version` and `unless` are as of `update`; what is only brought to a state keeps its version.
    """
    options: Any = {"to": to, "version": version, "unless": unless}
    change = Update(table=at, may=may, at=_field(at), set=sets, tells=tells, shows=shows, **options)
    return _declared(description, input, change, {noun(at): at})


def update_each(
    description: str,
    input: type,
    *,
    at: type[Base],
    named: str,
    may: May,
    where: Callable[[Any], ColumnElement[bool]],
    sets: Make,
    is_audited: bool = True,
    tells: str = CHANGED,
    **returns: Any,
) -> ForEach:
    """Other values for each row that is `named` in a list of the input, if it has `where(found)`.

    The input says by `on_error` what becomes of the others when one cannot be found: see `graphql_schema.core.bulk`.
    `returns` names what it answers with, in order: the table of viewers, a number, and `references` to the rows.
    """
    change = UpdateEach(
        table=at, may=may, at=named, where=where, set=sets, is_audited=is_audited, tells=tells, shows={}
    )
    return ForEach(description, input, change, returns=returns, weight=100)


def delete(
    description: str,
    input: type,
    *,
    at: type[Base],
    may: May,
    rows: Make | None = None,
    tells: str = CHANGED,
    **shows: type[Base],
) -> OneStatement:
    """The row that is found is deleted with all that belongs to it, or the one that has the values of `rows`.

    It shows the row above the deleted one, and the id of what is gone as `deletedCommentId`.
    """
    change = Deletion(table=at, may=may, at=_field(at), rows=rows, tells=tells, shows=shows)
    column = above(at.__table__)
    parent = class_of(parent_of(column)) if column is not None else at
    gone = None if rows else f"deleted_{noun(at)}_id"
    return _declared(description, input, change, {noun(parent): parent}, gone=gone)


def declared(description: str, input: type, change: Change) -> OneStatement:
    """A change that is declared in `db/actions`, where others make it too."""
    return _declared(description, input, change, {})


def _declared(
    description: str, input: type, change: Change, shows: Mapping[str, type[Base]], *, gone: str | None = None
) -> OneStatement:
    change = replace(change, shows=change.shows or shows)
    return OneStatement(description, input, change, gone, weight=100)


def _field(table: type[Base]) -> str:
    """The field of an input that names a row of a table: `thread_id`."""
    return f"{noun(table)}_id"


def _changes(input: Any) -> Iterator[Field[Any]]:
    """The fields of an input that set a column."""
    for part in fields(input):
        if COLUMN in part.metadata:
            assert not part.metadata[COLUMN].expression.foreign_keys, "another row to find takes a step more"
            yield part


def _check_nulls(input: Any) -> None:
    """Raise Refusals for each null where a column cannot be empty."""
    given = ((part, getattr(input, part.name)) for part in _changes(input))
    nulls = [part for part, value in given if value is None and not part.metadata[COLUMN].expression.nullable]
    if nulls:
        raise Refusals([BadInput(NOT_NULL, at=to_camel_case(part.name)) for part in nulls])
