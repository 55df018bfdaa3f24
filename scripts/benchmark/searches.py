"""How long searches over all texts take: words drawn from the texts by how often they stand there, one at a time.

Words that are everywhere, such as "the", are asked for as often as they are written. Viewers take turns within a round;
each query counts with the median of its rounds.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

import orjson

from scripts.benchmark.client import Prepared, ask
from scripts.benchmark.dataset import Database, copy, dataset
from scripts.benchmark.report import Sheet
from scripts.benchmark.screen import Loading, watched
from scripts.benchmark.servers import PEERS, Name, Server, serving
from scripts.benchmark.workload import select_requests, sign_in

QUERIES = 100
"""How many queries of one word there are, and how many of two."""
TEXTS = """
SELECT written FROM (
    SELECT id, content AS written FROM comments UNION ALL SELECT id, content FROM specification_documents
    UNION ALL SELECT id, concat_ws(' ', name, description) FROM specification_projects
    UNION ALL SELECT id, concat_ws(' ', title, description) FROM courses UNION ALL SELECT id, title FROM lessons
    UNION ALL SELECT id, concat_ws(' ', full_name, description) FROM repositories
) AS texts WHERE abs(hashtext(id::text)) % 100 = 0 ORDER BY id"""
VIEWERS = {
    "administrator": "SELECT id AS viewer FROM users WHERE role = 'ADMIN' ORDER BY id LIMIT 1",
    "member": "SELECT owner_id AS viewer FROM specification_projects ORDER BY id DESC LIMIT 1",
    "busiest member": """
        SELECT user_id AS viewer FROM project_members WHERE status = 'ACTIVE'
        GROUP BY user_id ORDER BY count(*) DESC, user_id LIMIT 1""",
}
SEARCH = """
query ($typed: String!) {
  search(query: $typed) {
    totalCount isTotalExact pageInfo { hasNextPage endCursor }
    edges { rank snippet { text highlights { start length } } node { __typename ... on Node { id } } }
  }
}"""


def searches(folder: Path, scale: int, rounds: int) -> Sheet:
    """The time of searches of one word and of two, by the viewer."""
    sheet = Sheet("Searches over all texts, one at a time, in ms", ["", "words", "p50", "p95", "most"])
    with dataset(folder, scale, progress=Loading()) as source, _serving(source, folder) as (server, tokens):
        asked = _queries(source)
        times: dict[tuple[str, int], list[float]] = {(who, place): [] for who in tokens for place in range(len(asked))}
        with watched(len(asked) * (rounds + 1)) as watching:
            for number in range(rounds + 1):
                for place, typed in enumerate(asked):
                    watching(typed)
                    for who, token in tokens.items():
                        taken = _time(server, token, typed)
                        if number:  # the first round warms up
                            times[who, place].append(taken)
    for who in tokens:
        for words in (1, 2):
            found = sorted(
                median(times[who, place]) for place, typed in enumerate(asked) if len(typed.split()) == words
            )
            figures = found[len(found) // 2], found[len(found) * 95 // 100], found[-1]
            sheet.rows.append([who, str(words), *(f"{figure:.1f}" for figure in figures)])
        sheet.sections.add(len(sheet.rows))
    return sheet


@contextmanager
def _serving(source: Database, folder: Path) -> Iterator[tuple[Server, dict[str, str]]]:
    with copy(source, "adapt", name="searched") as made:
        viewers = {who: select_requests(made, sql)[0].viewer for who, sql in VIEWERS.items()}
        signed_in = sign_in(made, viewers.values())
        with serving(PEERS[Name.TRELLIS], made, folder=folder, label="-searched") as server:
            yield server, {who: signed_in[viewer] for who, viewer in viewers.items()}


def _queries(source: Database) -> list[str]:
    words = [word for row in source.rows(TEXTS) for word in re.findall(r"\w+", row["written"].lower())]
    random = Random(1)  # noqa: S311  (the same every time)
    return [" ".join(random.choices(words, k=number)) for number in (1, 2) for _ in range(QUERIES)]


def _time(server: Server, token: str, typed: str) -> float:
    """The milliseconds that an answer takes."""
    body = orjson.dumps({"query": SEARCH, "variables": {"typed": typed}})
    began = perf_counter()
    ask(server.port, Prepared(token, body))
    return (perf_counter() - began) * 1_000
