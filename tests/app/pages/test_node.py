"""Node of the machine, if it will do, and packages that are installed once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.pages.node import LOCK, Node, StepFailed, on_machine

Program = Callable[[str, str], Path]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts programs on a search path that has nothing else but what they are written in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def write(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.mark.parametrize(
    ("release", "is_enough"),
    [
        ("v18.20.4", False),
        ("v20.18.3", False),
        ("v20.19.0", True),
        ("v21.7.3", False),
        ("v22.11.0", False),
        ("v22.12.0", True),
        ("v26.0.0", True),
        ("", False),
    ],
)
def test_a_node_that_is_too_old_counts_as_none(program: Program, release: str, is_enough: bool) -> None:
    program("npm", "")
    node = program("node", f"echo {release}")
    found = on_machine()
    assert (found is not None) is is_enough
    assert found is None or found.program == node


def test_what_needs_a_newer_node_says_so(program: Program) -> None:
    program("npm", "")
    program("node", "echo v20.19.0")
    assert on_machine(oldest=(22, 12)) is None


def test_a_node_without_npm_is_of_no_use(program: Program) -> None:
    program("node", "echo v22.12.0")
    assert on_machine() is None


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """What npm was asked to do, a line each time."""
    return tmp_path / "calls"


@pytest.fixture
def node(program: Program, calls: Path) -> Node:
    """One whose npm writes down what it is asked, and fails without a lock."""
    failing = '{ echo "error: no lock" 1>&2; exit 1; }'
    npm = program("npm", f'mkdir -p node_modules; echo "$*" >> {calls}; grep -q lock {LOCK} || {failing}')
    return Node(npm.with_name("node"), (str(npm),))


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / LOCK).write_text("a lock")
    return folder


def test_packages_are_installed_when_the_lock_file_has_changed(node: Node, packages: Path, calls: Path) -> None:
    for text in ("a lock", "a lock", "another lock", "another lock"):
        (packages / LOCK).write_text(text)
        node.install(packages)
    assert calls.read_text().splitlines() == ["ci", "ci"]


def test_of_many_who_install_at_once_one_does_it(node: Node, packages: Path, calls: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(node.install, [packages] * 4)) == [None] * 4
    assert calls.read_text().splitlines() == ["ci"]


def test_an_installation_that_failed_is_done_again(node: Node, packages: Path, calls: Path) -> None:
    (packages / LOCK).write_text("broken")
    for _ in range(2):
        with pytest.raises(StepFailed, match="npm ci failed: error: no lock"):
            node.install(packages)
    assert calls.read_text().splitlines() == ["ci", "ci"]
