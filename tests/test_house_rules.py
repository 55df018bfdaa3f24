"""The house rules: a remark that a review would make twice. An exemption stands here with its reason."""

import ast
import json
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

import db.tables  # noqa: F401  (declares the tables)
from db.base import tables
from db.enums import Words

ROOT = Path(__file__).parents[1]
IGNORED = [".git", *((ROOT / ".gitignore").read_text().replace("/\n", "\n").split())]

LONGER: dict[str, str] = {
    "db/migrations/versions/*": "generated, and never changed again",
}
"""The files that may be longer than the others, with the reason."""

MIRRORS_NOTHING = {
    "tests/tour/*": "tells the story of the product",
    "tests/systems/*": "holds what the product promises, row by row",
    "tests/hostile/*": "holds for whatever arrives",
    "tests/faults/*": "holds whatever breaks",
    "tests/clients/*": "holds for whatever clients of others expect",
    "tests/invariants/*": "holds for all tables, types and fields",
    "tests/test_house_rules.py": "holds for all files",
    "tests/test_contributing.py": "does what a page says",
    "tests/test_pages.py": "holds for all pages in Markdown",
    "tests/test_databases.py": "holds for the tests themselves",
    "tests/app/test_readme.py": "holds a page against the source",
    "tests/graphql_schema/test_readme.py": "does what a page says",
    "tests/app/test_behind_pgbouncer.py": "holds for whatever is asked through a pooler",
    "tests/graphql_schema/test_audit.py": "holds for whatever is changed",
    "tests/graphql_schema/test_roots.py": "holds for whatever is changed",
    "tests/graphql_schema/test_event_loop.py": "holds for whatever is changed",
    "tests/graphql_schema/test_races.py": "holds for whatever is changed",
    "tests/graphql_schema/specs/test_documents.py": "follows a document through rules, edges and mutations",
    "tests/graphql_schema/specs/test_projects.py": "follows a project through edges, mutations and events",
    "tests/graphql_schema/execution/test_two_paths_agree.py": "holds for the two ways to answer, put side by side",
    "tests/graphql_schema/execution/test_one_statement.py": "holds for whatever is asked",
}
"""The tests that belong to no module, with what they belong to."""

SHORT_TASKS = {
    "app/connection/http.py": "the answer to a request, whose end its connection waits for",
    "app/connection/websocket.py": "the conversation on a socket, whose end its connection waits for",
    "app/graph.py": "a mutation, which its client waits for or has left",
    "app/key_limits.py": "the uses of a moment, whose operations wait for it",
    "app/log_writer.py": "the thread of the log, which nothing that is logged can end",
    "app/realtime.py": "the two halves of a conversation, which its background task waits for",
    "app/sockets/conversation.py": "the operations of a socket, which it waits for",
    "app/streams/streaming.py": "the two halves of a response, which it waits for",
    "db/background.py": "watches over all others",
    "db/coalescing.py": "a statement, which those who asked for it wait for",
    "db/demo/__init__.py": "the next batch of a command",
    "db/embedded.py": "looks after servers of our own, and ends the process when it cannot",
    "db/queue/batches.py": "some jobs, each of which waits for their end",
    "db/queue/bulk.py": "a statement, which those who asked for it wait for",
    "db/queue/running.py": "one try of a job, which its worker waits for",
    "db/liveness.py": "a question, which its background task waits for",
    "db/prepared.py": "a statement that is prepared, which those who run it wait for",
    "graphql_schema/live/broadcasts.py": "the events of a feed, whose end its subscribers are told of",
    "graphql_schema/execution/single_flight.py": "what several wait for at one moment",
    "graphql_schema/execution/delivery.py": "the parts of an answer, which it waits for",
}
"""The modules that begin tasks or threads which are no background tasks, with what they are: nobody restarts them."""

CONVENTIONS = {
    "accounts": "is the slice of IdempotencyKey, and a table in it",
    "AuditLog": "is where every unit of work notes what it did",
    "IdempotencyKey": "is where a change keeps its answer, and those of several steps do",
    "labels": "are what Prometheus calls the parts of a metric, whatever a slice calls its tables",
    "user_id": "names the person, wherever a table lists members",
}
"""The nouns of slices that the kernel knows, with the reason."""

SELF_EXPLAINING = {"S603": "flags every start of a program, however it is written"}
"""The rules whose exemption needs no reason, with the reason for that."""


def walk() -> Iterator[str]:
    """All files that are ours, by their path from the root."""
    for folder, folders, names in os.walk(ROOT):
        here = Path(folder).relative_to(ROOT)
        folders[:] = [name for name in folders if not _is_ignored(here / name)]
        yield from (str(here / name) for name in names if not _is_ignored(here / name))


def _is_ignored(path: Path) -> bool:
    return any(fnmatch(path.name, pattern) or fnmatch(str(path), pattern) for pattern in IGNORED)


def exempted(path: str, exemptions: dict[str, str]) -> bool:
    return any(fnmatch(path, pattern) for pattern in exemptions)


FILES = sorted(walk())
TOP_LEVEL = {
    *(".ci", "app", "db", "graphql_schema", "scripts", "tests"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "Dockerfile", ".dockerignore", ".gitignore"),
    *("pyproject.toml", "requirements.txt", "requirements-dev.txt"),
}
"""The files and folders of the root: what is left there by hand, such as a wheel, is none of it."""
MODULES = [path for path in FILES if path.endswith(".py")]
TESTS = [path for path in MODULES if path.startswith("tests/")]
KERNEL = [path for path in MODULES if re.match(r"db/(change/)?\w+\.py|graphql_schema/(\w+\.py|core/|execution/)", path)]
SLICES = [path for path in MODULES if re.match(r"graphql_schema/(?!core|execution)\w+/", path)]


@cache
def trees() -> dict[str, ast.Module]:
    """All modules, parsed by whoever runs these tests: it takes a second, and all workers collect them."""
    return {path: ast.parse((ROOT / path).read_text()) for path in MODULES}


def lines(path: str) -> list[str]:
    return (ROOT / path).read_text().splitlines()


def called(tree: ast.AST) -> Iterator[str]:
    """The last name of everything that is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def test_the_files_are_found() -> None:
    assert {"README.md", ".ci/run", "db/access.py", "tests/test_house_rules.py"} <= set(FILES)
    assert not any(".venv" in path or "node_modules" in path for path in FILES)
    assert SLICES


def test_the_top_level_has_nothing_else() -> None:
    assert {path.partition("/")[0] for path in FILES} == TOP_LEVEL


def test_a_module_is_short() -> None:
    long = [path for path in MODULES if len(lines(path)) > (500 if path in TESTS else 300)]
    assert [path for path in long if not exempted(path, LONGER)] == []


def test_a_module_says_what_it_is() -> None:
    assert [path for path, tree in trees().items() if tree.body and not ast.get_docstring(tree)] == []


def docstrings(tree: ast.AST) -> Iterator[str]:
    """All texts that say what something is, behind its name or as its first line, with single blanks."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield " ".join(text.split())


def test_a_docstring_is_a_sentence_that_can_be_read_alone() -> None:
    """It begins with its subject. "The same" sends the reader elsewhere, and "who asks" hides a noun: the viewer."""
    bare = re.compile(r"(The same|What(ever)?|Who(m|se|ever)?)\b|.*\b(as|by|for|from|of|than|to|with) who\b")
    served = [path for path in MODULES if path.startswith(("app/", "db/", "graphql_schema/"))]
    found = [(path, text) for path in served for text in docstrings(trees()[path]) if bare.match(text)]
    assert found == []


def test_nothing_is_named_after_a_role_that_has_no_reason_to_stop_growing() -> None:
    role = re.compile(r"utils?|helpers?|services?|managers?|common|misc", re.IGNORECASE)
    suffix = re.compile(r"(Utils?|Helpers?|Services?|Managers?|Factory|Impl)$")
    assert [path for path in FILES for part in Path(path).with_suffix("").parts if role.fullmatch(part)] == []
    classes = [node.name for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert [name for name in classes if suffix.search(name)] == []


def test_one_place_commits() -> None:
    ours = {path: tree for path, tree in trees().items() if path.startswith(("app/", "db/", "graphql_schema/"))}
    assert [path for path, tree in ours.items() if "commit" in called(tree)] == ["db/engine.py"]


def test_a_slice_of_the_graph_declares_and_leaves_the_database_to_the_kernel() -> None:
    for path in SLICES:
        used = {*called(trees()[path])} & {
            "execute",
            "scalar",
            "scalars",
            "flush",
            "commit",
            "rollback",
            "read",
            "load",
        }
        assert used == set(), path
        assert "session" not in {getattr(node, "attr", None) for node in ast.walk(trees()[path])}, path
        # A declaration may have an expression with a subselect in it.
        assert "select" not in called(trees()[path]) or path.endswith("/types.py"), path


def nouns() -> set[str]:
    """The names that slices give: to tables, to the keys that refer to them, and to enumerations."""
    declared = [table for table in tables() if table.__module__.startswith("db.tables.")]
    keys = {column.name for table in declared for column in table.__table__.c if column.foreign_keys}
    enumerations = {kind.__name__ for kind in Words.__subclasses__() if kind.__module__.startswith("db.tables.")}
    return keys | enumerations | {name for table in declared for name in (table.__name__, table.__tablename__)}


def words(node: ast.AST) -> Iterator[str]:
    """The names in a module, and the words of its texts; a docstring may have any as an example."""
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        yield from (word for text in vars(node).values() if isinstance(text, str) for word in re.findall(r"\w+", text))
        for child in ast.iter_child_nodes(node):
            yield from words(child)


def test_the_kernel_names_nothing_of_a_slice() -> None:
    own = {node.name for path in KERNEL for node in ast.walk(trees()[path]) if isinstance(node, ast.ClassDef)}
    foreign = nouns() - own - CONVENTIONS.keys()
    assert foreign > {"Comment", "comments", "thread_id", "CommentStatus", "DocumentEventKind"}
    assert [(path, word) for path in KERNEL for word in words(trees()[path]) if word in foreign] == []


def test_nothing_is_printed_but_on_the_command_line() -> None:
    served = [path for path in MODULES if path.startswith(("app/", "db/", "graphql_schema/"))]
    assert [path for path in served if "print" in called(trees()[path])] == [
        "app/cli.py",
        "app/jobs.py",
        "app/sessions.py",
    ]


def test_whatever_goes_on_for_as_long_as_the_process_begins_again_when_it_ends() -> None:
    served = [path for path in MODULES if path.startswith(("app/", "db/", "graphql_schema/"))]
    begun = {"create_task", "ensure_future", "run_coroutine_threadsafe", "start_soon", "Thread"}
    assert [path for path in served if begun & {*called(trees()[path])}] == sorted(SHORT_TASKS)


def sleeps(tree: ast.AST, ancestors: tuple[ast.AST, ...] = ()) -> Iterator[tuple[ast.AST, ...]]:
    """Every call of a sleep with all that is around it."""
    for node in ast.iter_child_nodes(tree):
        yield from sleeps(node, (*ancestors, tree))
    if isinstance(tree, ast.Call) and getattr(tree.func, "attr", getattr(tree.func, "id", "")) == "sleep":
        yield ancestors


def is_patient(ancestors: tuple[ast.AST, ...]) -> bool:
    """Whether a sleep lies between two looks at a condition, in a function that gives up some day."""
    functions = [node for node in ancestors if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    is_repeated = any(isinstance(node, ast.While) for node in ancestors)
    return is_repeated and bool(re.search("timeout|deadline", ast.unparse(functions[-1])))


def test_a_test_sleeps_only_between_two_looks_at_a_condition_with_a_deadline() -> None:
    assert [path for path in TESTS for around in sleeps(trees()[path]) if not is_patient(around)] == []


def test_a_test_lies_where_what_it_tests_lies() -> None:
    """In a slice a test may have the name of a table, which it follows through rules, edges and mutations."""
    followed = {table.__tablename__ for table in tables()}
    for path in TESTS:
        if Path(path).name.startswith("test_") and not exempted(path, MIRRORS_NOTHING):
            tested = path.removeprefix("tests/").replace("test_", "").removesuffix(".py")
            is_of_a_table = (ROOT / tested).parent.is_dir() and Path(tested).name in followed
            assert is_of_a_table or (ROOT / f"{tested}.py").exists() or (ROOT / tested).is_dir(), path


def test_a_test_is_a_sentence() -> None:
    for path in TESTS:
        functions = [
            node for node in ast.walk(trees()[path]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        names = [function.name for function in functions if function.name.startswith("test_")]
        assert [name for name in names if name.count("_") < 2] == [], path
        assert len(names) == len(set(names)), f"{path}: of two tests with one name the first is never run"


def test_an_exemption_has_its_reason_on_the_same_line() -> None:
    bare = re.compile(r"# (noqa: (?P<rule>\w+)[\w, ]*|pragma: no cover|fmt: \w+)$")
    found = [(path, number, bare.search(line)) for path in MODULES for number, line in enumerate(lines(path), 1)]
    assert [(path, number) for path, number, match in found if match and match["rule"] not in SELF_EXPLAINING] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_dependency_is_pinned_with_its_hashes(name: str) -> None:
    text = re.sub(r"\s*\\\n\s*", " ", re.sub(r"^\s*#.*\n?", "", (ROOT / name).read_text(), flags=re.MULTILINE))
    pins = [line for line in text.splitlines() if line.strip()]
    assert len(pins) > 20
    pinned = re.compile(r"[\w.-]+(\[[\w,-]+\])?==\S+( ; [^#]+?)?( --hash=sha256:[0-9a-f]{64})+")
    assert [pin for pin in pins if not pinned.fullmatch(pin.strip())] == []


@pytest.mark.parametrize("name", [path for path in FILES if Path(path).name == "package-lock.json"])
def test_every_npm_package_is_pinned_with_its_hash_and_comes_from_the_registry_of_the_machine(name: str) -> None:
    packages = json.loads((ROOT / name).read_text())["packages"]
    del packages[""]
    assert len(packages) > 20
    assert [name for name, package in packages.items() if not package["integrity"].startswith("sha512-")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_whatever_the_process_needs_the_tests_use_in_the_same_version() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[\w.-]+==[^ ]+", (ROOT / name).read_text(), flags=re.MULTILINE))

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_no_file_names_a_package_registry_or_a_folder_of_somebodys_machine() -> None:
    hosts = ["pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "npm" + "js.com", "yarn" + "pkg.com"]
    folders = [rf"/{name}/\w" for name in ("home", "Users", "work", "workspace", "root", "tmp/v")]
    leak = re.compile("|".join([*map(re.escape, hosts), *(rf"(?<![\w.]){folder}" for folder in folders)]))
    texts = [path for path in FILES if not path.startswith("db/demo/data/") and not path.endswith((".png", ".gz"))]
    assert [path for path in texts if leak.search((ROOT / path).read_text(errors="replace"))] == []
