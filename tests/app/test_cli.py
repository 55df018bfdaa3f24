"""The commands: one of them starts all there is, and each says in one line why it cannot."""

import asyncio
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]  # its wheel has no types
import pytest

from app import cli
from app.auth import authenticate
from app.banner import SignedIn, banner
from app.settings import Settings
from app.work import NICE
from db import demo
from db.access import Viewer
from db.address import Address
from db.embedded import servers
from db.engine import Database
from db.queue.add import add
from db.queue.declared import kinds
from db.queue.names import queries
from tests.app.conftest import Run
from tests.databases import Databases
from tests.db.test_epoch import epoch_of
from tests.deadline import DEADLINE
from tests.world import World

MANIFESTS = Path(__file__).parent / "persisted"


@contextmanager
def serving(folder: Path, *, workers: int = 0) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A process that serves on servers of its own, with so many workers, and the lines of its banner."""
    environment = os.environ | {"TRELLIS_WORKERS": str(workers)}
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(  # noqa: S603
        command, cwd=cli.ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        lines = []
        try:
            for line in process.stdout:
                lines.append(line.strip())
                if lines[-1].startswith("-d"):
                    break
            yield process, lines
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder after a first run."""
    folder = tmp_path_factory.mktemp("data")
    with serving(folder):
        return folder


def viewer_of(database_url: str, token: str) -> Viewer:
    async def ask() -> Viewer:
        database = Database(database_url)
        try:
            return await authenticate(database, token)
        finally:
            await database.close()

    return asyncio.run(ask())


def test_the_first_query_works_as_it_is_printed(filled: Path) -> None:
    with serving(filled) as (_, lines):
        first = next(number for number, line in enumerate(lines) if line.startswith("curl"))
        _, address, *options = shlex.split(" ".join(line.removesuffix("\\") for line in lines[first:]))
        headers = dict(option.split(": ") for option in options[1::2][:-1])
        answer = httpx.post(address, headers=headers, content=options[-1]).json()
    assert answer["data"]["viewer"] == {"name": demo.PEOPLE[0].name}
    assert answer["data"]["projects"]["totalCount"] > 0


async def test_jobs_are_run_beside_the_server_by_a_process_that_is_less_urgent(filled: Path) -> None:
    with serving(filled, workers=1) as (process, _), servers(filled) as found:
        connection = await Address.parse(found.database_url).connect()
        await add(queries(connection), [(kinds()["clear_queue"], {})])
        assert await connection.fetchval("SELECT count(*) FROM queue.pgqueuer WHERE status <> 'failed'")
        async with asyncio.timeout(DEADLINE):
            while await connection.fetchval("SELECT count(*) FROM queue.pgqueuer"):  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(0.02)
        server = psutil.Process(process.pid)
        assert [one.nice() - server.nice() for one in server.children() if "work" in one.cmdline()] == [NICE]
        await connection.close()


async def test_a_server_that_starts_again_begins_an_epoch_as_its_files_may_be_older(filled: Path) -> None:
    epochs = []
    for _ in range(2):
        with servers(filled) as found:
            epochs.append(await epoch_of(found.database_url))
    assert len({*epochs}) == 2


async def test_an_operator_says_that_the_database_was_restored(run: Run, database_url: str) -> None:
    before = await epoch_of(database_url)
    await asyncio.to_thread(run, "restored")
    assert await epoch_of(database_url) != before


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_server_and_its_servers(filled: Path, stop: signal.Signals) -> None:
    with serving(filled, workers=1) as (process, _):
        process.send_signal(stop)
        assert process.wait(timeout=DEADLINE) == 0
        assert process.stdout
        assert "Traceback" not in process.stdout.read()
    with socket.socket(socket.AF_UNIX) as connection:
        assert connection.connect_ex(str(filled / "valkey" / "socket")) != 0


def test_a_server_that_is_gone_for_good_ends_the_process_with_one_line(filled: Path) -> None:
    settings = filled / "postgres" / "postgresql.conf"
    whole = settings.read_text()
    with serving(filled) as (process, _):
        try:
            settings.write_text(f"{whole}\nnonsense = 1\n")
            os.kill(int((filled / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            output, _ = process.communicate(timeout=DEADLINE)
        finally:
            settings.write_text(whole)
    assert process.returncode == 1
    assert "Traceback" not in output
    assert re.match("PostgreSQL ended and does not come up again: .*nonsense", output.splitlines()[-1])


@pytest.fixture(params=["45m", "60m"], ids=["for no database", "for no demo data"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder with too little room."""
    if os.geteuid() or not shutil.which("mount"):
        pytest.skip("only root can mount a small file system")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:  # noqa: S603
        pytest.skip("this machine lets nobody mount a small file system")
    yield tmp_path / "data"
    subprocess.run(["umount", str(tmp_path)], check=True)  # noqa: S603, S607  (as it stands in the path)


def test_a_full_disk_ends_the_process_with_one_line(small: Path) -> None:
    command = [sys.executable, "-m", "app", "serve", "--port", "0", "--data", str(small)]
    ended = subprocess.run(command, cwd=cli.ROOT, capture_output=True, text=True, timeout=DEADLINE, check=False)  # noqa: S603
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.endswith("No space left on device")


def test_a_port_in_use_is_said_before_anything_starts(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=f"port {port}: Address already in use"):
            run("serve", "--port", str(port), "--data", str(tmp_path / "data"))
    assert not (tmp_path / "data").exists()


def test_a_token_signs_its_user_in(
    run: Run, world: World, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("token", world.ada.email)
    assert viewer_of(database_url, capsys.readouterr().out.strip()).id == world.ada.id


def test_there_is_no_token_for_a_stranger(run: Run) -> None:
    with pytest.raises(SystemExit, match="no active user"):
        run("token", "stranger@example.com")


def test_demo_data_are_not_mixed_with_other_data(run: Run) -> None:
    with pytest.raises(SystemExit, match="already"):
        run("seed")


def test_a_file_that_is_not_up_to_date_fails_the_check(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    (tmp_path / "graphql_schema").mkdir()
    with pytest.raises(SystemExit, match="run scripts/schema"):
        run("schema", "--check")
    run("schema")
    run("schema", "--check")


def test_a_schema_that_breaks_an_older_one_fails_the_check(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sdl = (cli.ROOT / "graphql_schema" / "schema.graphql").read_text()
    older = tmp_path / "older.graphql"
    older.write_text(sdl)
    run("schema", "check", str(older))
    assert "Nothing breaks" in capsys.readouterr().out
    open_thread = '  """Waits for an answer."""\n  OPEN\n'
    older.write_text(sdl.replace("  sha: String!", "  sha: String!\n  hash: String!").replace(open_thread, ""))
    with pytest.raises(SystemExit, match=r"^Breaks clients: Field Commit.hash was removed. Mark it as deprecated.*$"):
        run("schema", "check", str(older))
    assert "May surprise clients: Enum value CommentStatus.OPEN was added." in capsys.readouterr().out


@pytest.mark.parametrize("text", ["type Query {", "type Query { viewer: User }", "{ viewer { name } }", ""])
def test_what_is_no_schema_cannot_be_checked(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "older.graphql").write_text(text)
    with pytest.raises(SystemExit, match=r"^\S+/older.graphql is no schema: .+$"):
        run("schema", "check", str(tmp_path / "older.graphql"))


def test_the_matrix_of_access_is_printed(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli, "ROOT", tmp_path)
    (tmp_path / "db").mkdir()
    run("access")
    assert "users\n  see " in (tmp_path / "db" / "access.txt").read_text()


@pytest.mark.parametrize(
    ("host", "origin"),
    [("0.0.0.0", "http://127.0.0.1:80"), ("::", "http://[::1]:80"), ("trellis.local", "http://trellis.local:80")],  # noqa: S104  (nothing is bound)
)
def test_the_banner_has_an_address_that_a_browser_can_open(host: str, origin: str) -> None:
    assert f"{origin}/graphql" in banner(host, 80, []).replace("\\[", "[")


def test_without_demo_people_the_banner_says_how_to_get_in() -> None:
    text = banner("127.0.0.1", 80, [])
    assert "scripts/token EMAIL" in text
    assert "scripts/administrator EMAIL" in text
    assert "Authorization" not in text


def test_an_operator_makes_the_first_administrator_of_an_empty_installation(
    run: Run, databases: Databases, migrated: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = databases.copy(migrated)
    monkeypatch.setenv("DATABASE_URL", empty)
    for address in ("Grace@example.com", "grace@EXAMPLE.com"):
        run("administrator", address)
        viewer = viewer_of(empty, capsys.readouterr().out.strip())
        assert viewer.is_admin
    with pytest.raises(SystemExit, match="has an @"):
        run("administrator", "nobody")


def test_an_operator_makes_somebody_an_administrator_who_has_an_account(
    run: Run, database_url: str, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    run("administrator", "ada@example.com")
    viewer = viewer_of(database_url, capsys.readouterr().out.strip())
    assert (viewer.id, viewer.is_admin) == (world.ada.id, True)


def test_the_banner_names_everybody_with_a_token() -> None:
    text = banner("127.0.0.1", 80, [SignedIn(person, f"token of {person.name}") for person in demo.PEOPLE])
    assert all(f"token of {person.name}" in text for person in demo.PEOPLE)


@pytest.mark.parametrize(("host", "names"), [("127.0.0.1", ["vadim", "patrick"]), ("192.0.2.1", [])])
def test_anybody_may_be_the_demo_people_only_on_their_own_machine_and_nobody_the_administrator(
    host: str, names: list[str]
) -> None:
    settings = Settings(database_url="postgresql://db", redis_url="redis://r")
    people = [SignedIn(person, "a token") for person in demo.PEOPLE]
    assert [email.partition(".")[0] for email in cli._with_demo(settings, host, people).demo] == names
    assert cli._with_demo(settings, host, []).demo == ()
    said = settings.model_copy(update={"demo": ()})
    assert cli._with_demo(said, host, people).demo == ()


def test_manifests_become_the_list_of_trusted_documents(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources, output = [str(MANIFESTS / name) for name in ("apollo.json", "relay.json")], tmp_path / "list.json"
    with pytest.raises(SystemExit, match="not up to date"):
        run("trusted-documents", *sources, "--output", str(output), "--check")
    run("trusted-documents", *sources, "--output", str(output))
    assert "5 documents" in capsys.readouterr().out
    run("trusted-documents", str(output), "--output", str(output), "--check")


def test_a_manifest_with_problems_changes_nothing(run: Run, tmp_path: Path) -> None:
    (source := tmp_path / "relay.json").write_text('{"a": "{ nothing }", "b": "{"}')
    with pytest.raises(SystemExit) as end:
        run("trusted-documents", str(source), "--output", str(tmp_path / "list.json"))
    assert [line.partition(", ")[2] for line in str(end.value.code).splitlines()] == [
        "a: Cannot query field 'nothing' on type 'Query'.",
        "b: Syntax Error: Expected Name, found <EOF>.",
    ]
    assert not (tmp_path / "list.json").exists()


def test_a_manifest_that_is_not_there_is_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"No such file or directory: '.*/apollo\.json'"):
        run("trusted-documents", str(tmp_path / "apollo.json"), "--output", str(tmp_path / "list.json"))


def test_the_command_line_starts_without_the_graph() -> None:
    """It takes as long to import as all else: commands that need it import it when they run."""
    known = "import sys, app.cli; print({'strawberry', 'graphql', 'graphql_schema.core'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", known], cwd=cli.ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "set()\n"
