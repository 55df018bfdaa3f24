"""CONTRIBUTING, followed to the letter: a copy of this repository in which its blocks of code stand where it says."""

import asyncio
import pickle
import re
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest
from strawberry.utils.str_converters import to_camel_case

from db import rules
from db.access import Rule
from tests.markdown import ROOT, sections
from tests.world import World

PLACE = re.compile(r"# (?P<file>[\w/.]+)(, in class (?P<owner>\w+))?\n")
"""The first line of a block: the file that it stands in, and the class if it is a part of one."""
BLOCKS = [
    (found, block.text[found.end() :])
    for section in sections("CONTRIBUTING.md")
    for block in section.blocks
    if (found := PLACE.match(block.text))
]
OF_ALL_KINDS = [
    block.text
    for section in sections("CONTRIBUTING.md")
    for block in section.blocks
    if section.title == "3. The mutations" and not PLACE.match(block.text)
]
"""The examples of other kinds of mutations, which declare some that there are in their simplest form."""
DECLARED = [name for text in OF_ALL_KINDS for name in re.findall(r"^(?:async def )?(\w+)(?: =|\()", text, re.MULTILINE)]
FOLLOW = """
import asyncio, pickle, sys
from pathlib import Path
from db import migrations
from tests.conftest import Graph, NotingDatabase
from tests.graphql_schema.asking import done, with_ids
from tests.graphql_schema.specs import test_labels
from tests.graphql_schema.test_audit import MUTATIONS, asked
from tests.invariants.oracle import RULES
from tests.world import World

async def run(test):
    database = NotingDatabase(sys.argv[1])
    await test(Graph(database, world), world)
    await database.close()

assert "labels" in RULES
migrations.revision(sys.argv[1], "labels")
migrations.upgrade(sys.argv[1])
world = World(**pickle.loads(Path("world").read_bytes()))
for name, test in vars(test_labels).items():
    if name.startswith("test_"):
        asyncio.run(run(test))
        print(name, "passed")

for name in sys.argv[2:]:
    async def do(graph, world):
        who, given = MUTATIONS[name]
        await done(graph, who, asked(name), **with_ids(world, given))

    asyncio.run(run(do))
    print(name, "done")
"""
"""Generates the revision, runs the tests of the entity on the database of a test, without servers of their own, and
does the mutations that the other examples declare.
"""


@pytest.fixture
def copy(tmp_path: Path, world: World) -> Path:
    """A copy with an entity added."""
    for name in ("app", "db", "graphql_schema", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("data", "dist"))
    for place, code in BLOCKS:
        _add(tmp_path / place["file"], code, owner=place["owner"])
    # Behind all modules of mutations, with all that these have: what is declared again is as the last of them has it.
    specs = tmp_path / "graphql_schema/specs"
    names = sorted(file.stem for file in specs.glob("*mutations.py"))
    known = "".join(f"from graphql_schema.specs.{name} import *\n" for name in names)
    (specs / "written_mutations.py").write_text("\n".join((known, *OF_ALL_KINDS)))
    (tmp_path / "world").write_bytes(pickle.dumps(vars(world)))
    return tmp_path


def _add(file: Path, code: str, *, owner: str | None) -> None:
    """Write code to the end of a file, or behind the docstring of a class in it."""
    text = file.read_text() if file.exists() else ""
    end = len(text)
    if owner:
        found = re.search(rf'^class {owner}:\n    """.*?"""\n', text, re.DOTALL | re.MULTILINE)
        assert found, owner
        end = found.end()
    file.write_text(f"{text[:end]}\n{code}\n{text[end:]}")


async def test_whoever_does_what_the_page_says_has_an_entity_that_works(copy: Path, database_url: str) -> None:
    arguments = sys.executable, "-c", FOLLOW, database_url, *map(to_camel_case, DECLARED)
    process = await asyncio.create_subprocess_exec(
        *arguments, cwd=copy, env={"PYTHONPATH": str(copy)}, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert re.search("^test_.* passed$", said.decode(), re.MULTILINE)
    assert re.findall(r"^(\w+) done$", said.decode(), re.MULTILINE) == [*map(to_camel_case, DECLARED)]


def test_there_is_an_example_of_each_other_kind_of_mutation() -> None:
    """One under a version, one to another state, and one of several steps."""
    assert DECLARED == ["approve_document", "resolve_thread", "update_project"]


def test_three_files_are_written_by_hand_beside_the_tests() -> None:
    files = {place["file"] for place, _ in BLOCKS}
    assert len([file for file in files if not file.startswith("tests/")]) == 3


def test_the_page_names_the_rules_that_there_are() -> None:
    found = [name for name, rule in vars(rules).items() if getattr(rule, "__annotations__", {}).get("return") is Rule]
    [named] = re.findall(r"has the rules \(([^)]*)\)", (ROOT / "CONTRIBUTING.md").read_text())
    assert named == ", ".join(f"`{name}`" for name in sorted(found))
