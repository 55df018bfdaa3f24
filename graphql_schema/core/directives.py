"""Directives of operations."""

import strawberry
from graphql import DirectiveLocation

ATOMIC = "atomic"


@strawberry.directive(
    name=ATOMIC,
    locations=[DirectiveLocation.MUTATION],
    description=(
        "Do all fields of the mutation in one transaction, or none of them: `mutation Save @atomic { … }`. "
        "Each field sees what those before it did. Nobody else does before all are done, and no event is published.\n\n"
        "When a field is refused, its payload says why, as always, and the `errors` of every other payload have the "
        "code `ROLLED_BACK`. When a field fails with an error, all fields are null, and the others have errors "
        "with that code. Nothing of the operation is done in either case, and it can be sent again as it was.\n\n"
        "An operation with an idempotency key is atomic, whether it says so or not. `signIn` cannot be part of one."
    ),
)
def atomic() -> None:
    """Read by the executor: Strawberry has nothing to do for it."""
