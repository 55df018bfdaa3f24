"""Golden files: what becomes of a query, from its tree to its SQL. `scripts/statements` writes them anew."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from db.access import GUEST, Viewer
from db.statements import Statement
from db.tables import UserRole
from graphql_schema.execution import Executor, Operation, Request
from graphql_schema.execution.plan import Plan
from graphql_schema.schema import executor

FOLDER = Path(__file__).parent / "statements"
FILES = sorted(FOLDER.glob("*.md"))
README = Path(__file__).parents[3] / "graphql_schema" / "execution" / "README.md"
EXAMPLE = FOLDER / "point.md"
"""The query that the README of the package follows."""
BLOCK = re.compile(r"```(graphql|text|sql)\n.*?```", re.DOTALL)
VIEWERS = {"guest": GUEST, "user": Viewer(UUID(int=1)), "administrator": Viewer(UUID(int=1), UserRole.ADMIN)}
WIDTH = 118


def written(file: str) -> str:
    """A golden file as it has to be: its title, sentence and query, with what becomes of the query."""
    head, _, rest = file.partition("```graphql\n")
    query, _, rest = rest.partition("```\n")
    asked = rest.strip().partition("\n")[0]
    found = re.fullmatch(r"(?:Variables: `(.*)`\. )?Viewer: (\w+)\.", asked)
    assert found, f"Say which variables and which viewer: {asked}"
    request = Request(query, variables=json.loads(found[1] or "{}"))
    operation = Executor(executor.schema).prepare(request)
    sections = "\n".join(_sections(operation, VIEWERS[found[2]]))
    return f"{head}```graphql\n{query}```\n\n{asked}\n\n{sections}"


def explained(readme: str, example: str) -> str:
    """The README as it has to be: the first example in it is the one in a golden file."""
    blocks = {block[1]: block[0] for block in BLOCK.finditer(example)}
    return BLOCK.sub(lambda block: blocks.pop(block[1], block[0]), readme)


def _sections(operation: Operation, viewer: Viewer) -> Iterator[str]:
    """The tree of the operation with its statements; or of each of its parts, where some come later."""
    if operation.plan.parts is None:
        yield from _of_plan(operation.plan, operation, viewer)
        return
    for part, plan in operation.plan.parts.items():
        yield f"## What comes with part {part.number}\n" if part else "## What comes at once\n"
        yield from _of_plan(plan, operation, viewer)


def _of_plan(plan: Plan, operation: Operation, viewer: Viewer) -> Iterator[str]:
    yield f"```text\n{plan.tree}\n```\n"
    for members in plan.reads:
        asked = plan.asked(members, operation.variables)
        if asked.members:
            statement = plan.statement(asked, viewer)
            yield f"```sql\n{pretty(statement.sql)}\n```\n"
            yield f"Binds: {binds(statement)}\n"


def binds(statement: Statement) -> str:
    """The parameters of a statement in their order: names of values, and constants."""
    constants: dict[str, Any] = {name: f"'{value}'" for name, value in statement.constants.items()}
    found = (f"`${place} {constants.get(name, name)}`" for place, name in enumerate(statement.types, 1))
    return " · ".join(found) or "none"


def pretty(sql: str) -> str:
    """SQL with each clause on a line of its own, two blanks for every parenthesis around it."""
    found, depth = list[str](), 0
    for line in re.sub(r"\s*\n\s*| (?=UNION )", "\n", sql).split("\n"):
        found += _wrapped("  " * depth + line)
        depth += _opened(line)
    return "\n".join(found)


def _wrapped(line: str) -> Iterator[str]:
    """A line in pieces that are short enough, broken where terms are put together."""
    indent = line[: len(line) - len(line.lstrip())]
    while len(line) > WIDTH:
        place = max(line.rfind(word, len(indent) + 8, WIDTH) for word in (" || ", " AND ", " OR "))
        if place < 0:
            break
        yield line[:place]
        line = f"{indent}  {line[place + 1 :]}"
    yield line


def _opened(line: str) -> int:
    """How many parentheses a line opens more than it closes; those in texts do not count."""
    outside = re.sub(r"'(?:[^']|'')*'", "", line)
    return outside.count("(") - outside.count(")")


if __name__ == "__main__":
    for path in FILES:
        path.write_text(written(path.read_text()))
    README.write_text(explained(README.read_text(), EXAMPLE.read_text()))
