"""The long run: `python -m tests.graphql_schema.execution.agree 50000` compares both paths over new operations."""

import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import SystemRandom
from time import monotonic

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from db import embedded, session_settings
from tests.conftest import built
from tests.graphql_schema.execution.both_paths import PEOPLE, BothPaths, both_paths

BATCH = 250
"""Hypothesis remembers all that it drew: a run starts anew after so many."""


def main(number: int) -> None:
    """Compare so many operations, each person in turn, and print what they were. It may take long on a busy machine."""
    session_settings.SERVER_SETTINGS["statement_timeout"] = "60s"
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded.servers(Path(folder), durable=False) as servers,
        both_paths(servers.database_url, built(servers.database_url)) as both,
    ):
        run(both, number)


def run(both: BothPaths, number: int) -> None:
    """Compare so many operations in batches."""
    start, by_viewer, salt = monotonic(), Counter[str](), SystemRandom().randrange(2**32)
    for batch in range(-(-number // BATCH)):
        who = PEOPLE[batch % len(PEOPLE)]
        before = both.counts["operations"]
        compare(both, who, size=min(BATCH, number - batch * BATCH), seed_=salt + batch)
        by_viewer[who or "guest"] += both.counts["operations"] - before
        seconds = monotonic() - start
        found = f"{both.counts['operations']} operations, {both.counts['with errors']} with errors"
        print(f"{found}, {seconds:.0f} s", flush=True)
    print(", ".join(f"{who}: {count}" for who, count in by_viewer.items()))


def compare(both: BothPaths, who: str | None, *, size: int, seed_: int) -> None:
    """Compare operations as one person; what fails is raised with the smallest operation that still does."""

    @seed(seed_)
    @settings(
        max_examples=size,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        both.compare(data.draw(both.operations(who)), who, data.draw(st.sampled_from(PEOPLE)))

    agree()


if __name__ == "__main__":
    main(int(sys.argv[1]))
