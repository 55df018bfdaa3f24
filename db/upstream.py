"""GitHub, asked for what its deliveries never told.

How it is reached is up to the process, see `app.upstream`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from db.base import Json
from db.errors import CannotRun
from db.outgoing import Unanswered


class Withheld(Unanswered):
    """GitHub does not give this, at least not to this token. Something else may be asked for."""


class TokenRefused(Unanswered):
    """GitHub takes the token for none of its own, or for none any more."""


class Limited(Unanswered):
    """GitHub takes no more requests with the token until a moment."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"GitHub takes no more requests until {until:%Y-%m-%d %H:%M} UTC.")
        self.until = until


class Upstream(Protocol):
    """Asks GitHub, each time with a token. The answers are JSON as GitHub has it.

    All of it raises TokenRefused, Limited, Withheld, and Unanswered where there is no answer at the moment.
    """

    async def repository(self, token: str, name: str) -> Json:
        """The repository that has this full name, or had it before. Raises Withheld where the token shows none."""
        ...

    async def numbered(self, token: str, name: str, number: int) -> Json | None:
        """The issue or the pull request of a number, as `issue` or `pull_request`, where messages have it, too.

        None where there is neither: it was deleted, went elsewhere, or is a discussion.
        """
        ...

    async def between(self, token: str, name: str, before: str | None, after: str) -> Sequence[Json] | None:
        """The commits behind one up to another, the oldest first; without the one before, those up to the other. Of
        very many these are the newest. None where there is no such other.
        """
        ...


class NoUpstream:
    """Stands where nobody said how GitHub is reached, and says so whenever it is to be asked."""

    async def _refuse(self, *_asked: Any) -> Any:
        raise CannotRun("GitHub is not reached from this process.")

    repository = numbered = between = _refuse


NO_UPSTREAM = NoUpstream()
