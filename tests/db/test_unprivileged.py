"""The user that runs PostgreSQL for root gets at its programs wherever they are."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from pwd import getpwnam
from tempfile import TemporaryDirectory

import pytest

from db.unprivileged import User, let_in, owner

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root needs another user for PostgreSQL")
SOMEBODY, ANOTHER = User(id=4321, group=4321), User(id=1234, group=1234)


@pytest.fixture
def programs() -> Iterator[Path]:
    """A program that says its name, installed under a strict umask in a folder that only root may enter."""
    with TemporaryDirectory() as closed:
        program = Path(closed) / "pginstall" / "bin" / "postgres"
        program.parent.mkdir(mode=0o700, parents=True)
        program.write_text("#!/bin/sh\necho I run\n")
        program.chmod(0o700)
        program.parent.parent.chmod(0o700)
        yield program.parent.parent


def run(programs: Path, user: User) -> str:
    command = [str(programs / "bin" / "postgres")]
    return subprocess.check_output(command, user=user.id, group=user.group, extra_groups=[], text=True)  # noqa: S603


def test_the_programs_are_out_of_reach_at_first(programs: Path) -> None:
    with pytest.raises(PermissionError):
        run(programs, SOMEBODY)


def test_the_user_can_run_them_when_let_in(programs: Path) -> None:
    let_in(SOMEBODY, programs)
    assert run(programs, SOMEBODY) == "I run\n"


def test_the_closed_folder_stays_closed_to_all_others(programs: Path) -> None:
    let_in(SOMEBODY, programs)
    with pytest.raises(PermissionError):
        run(programs, ANOTHER)


def test_who_was_let_in_before_stays_in(programs: Path) -> None:
    let_in(SOMEBODY, programs)
    let_in(ANOTHER, programs)
    assert run(programs, SOMEBODY) == run(programs, ANOTHER)


def test_letting_in_twice_is_once(programs: Path) -> None:
    let_in(SOMEBODY, programs)
    rights = os.getxattr(programs.parent, "system.posix_acl_access")
    let_in(SOMEBODY, programs)
    assert os.getxattr(programs.parent, "system.posix_acl_access") == rights


def test_new_data_belong_to_nobody(tmp_path: Path) -> None:
    assert owner(tmp_path / "data").id == getpwnam("nobody").pw_uid


def test_data_stay_with_whom_they_belong_to(tmp_path: Path) -> None:
    os.chown(tmp_path, SOMEBODY.id, SOMEBODY.group)
    assert owner(tmp_path) == SOMEBODY
