"""Errors that a client can act on. Each has a code and loses nothing."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar


class Refusal(Exception):  # noqa: N818  (not every refusal is an error)
    """The base of all errors that a client is told of, with the code that they are told."""

    code: ClassVar[str]
    default: ClassVar[str]
    details: Mapping[str, Any] = MappingProxyType({})
    """Values that programs are told beside the code."""
    item: Any = None
    """The part of the input that the row was made of which a constraint has refused, where that is known."""

    def __init__(self, message: str | None = None, *, at: str | None = None) -> None:
        """`at` is the input field at fault, as the graph spells it: `threadId`."""
        super().__init__(message or self.default)
        self.message = message or self.default
        self.at = at


class CannotRun(Exception):  # noqa: N818  (named for what happened)
    """A problem that an operator has to solve before this can run. The message says in one line which."""


class Refusals(Exception):  # noqa: N818  (like what it holds)
    """Several refusals, such as one for each item of a list that was at fault."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(*(refusal.message for refusal in refusals))
        self.refusals = refusals


class Unauthenticated(Refusal):
    """Nobody is signed in, or the credential does not hold."""

    code = "UNAUTHENTICATED"
    default = "Sign in first: send a header `Authorization: Bearer <token>`."


class NotFound(Refusal):
    """There is no such object, or the viewer may not know of it: the two are told alike."""

    code = "NOT_FOUND"
    default = "There is no such object."


class Forbidden(Refusal):
    """The viewer sees the object but may not do this to it."""

    code = "FORBIDDEN"
    default = "You may see this, but you may not do this to it."


class AccessLost(Forbidden):
    """A subscriber sees no more what they listen to. `ids` are the public ids of that, and of what it belongs to, as
    far as it is gone for them.
    """

    default = "You have no access to this any more. Drop what you show of it."

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__()
        self.details = {"ids": ids}


class BadInput(Refusal):
    """A value of the input makes no sense."""

    code = "BAD_USER_INPUT"
    default = "This value does not fit."


class BadCursor(Refusal):
    """A cursor is not one of ours, or belongs to another order."""

    code = "BAD_CURSOR"
    default = "This cursor is not one of this list in this order. Start again without it."


class Conflict(Refusal):
    """The object is not as the client thought. `current` is the object as it stands."""

    code = "CONFLICT"
    default = "This has changed in the meantime."

    def __init__(self, message: str | None = None, *, at: str | None = None, current: Any = None) -> None:
        super().__init__(message, at=at)
        self.current = current


class KeyReused(Refusal):
    """An idempotency key came before, with something else."""

    code = "IDEMPOTENCY_KEY_REUSED"
    default = "This idempotency key was sent before, with another document or other variables. Take a new one."


class RolledBack(Refusal):
    """It was not done, because something else that belongs to it failed."""

    code = "ROLLED_BACK"
    default = "Nothing of this operation was done, because a part of it failed."


class NotExecuted(Refusal):
    """It was not begun, because what came before it took too long."""

    code = "NOT_EXECUTED"
    default = "This was not begun, because the operation was stopped before. Nothing of it is done."


class TooSlow(Refusal):
    """An operation or a statement took longer than it may, and was stopped."""

    code = "GATEWAY_TIMEOUT"
    default = "This took too long and was stopped."


class Overloaded(Refusal):
    """More is asked than can be answered in time."""

    code = "OVERLOADED"
    default = "There is too much to do right now. Try again in a second."


class HistoryGap(Refusal):
    """A subscriber has missed an event, and is told so: nobody is left to believe that nothing has happened."""

    code = "HISTORY_GAP"
    default = "Some events are lost. Read again what you show: what happens from now on still comes."
