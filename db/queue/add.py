"""Jobs are put into the queue, within whichever transaction the connection is in."""

from collections.abc import Iterable

import orjson
from pgqueuer.adapters.persistence.queries import Queries

from db.queue.declared import Arguments, JobKind


async def add(library: Queries, jobs: Iterable[tuple[JobKind, Arguments]]) -> None:
    """Queue jobs. One that waits already is not queued a second time."""
    made = list(jobs)
    if made:
        await library.enqueue(
            [kind.name for kind, _ in made],
            [orjson.dumps(dict(arguments)) for _, arguments in made],
            [kind.priority for kind, _ in made],
            [kind.after for kind, _ in made],
            dedupe_key=[kind.key(arguments) for kind, arguments in made],
            on_conflict="skip",
        )
