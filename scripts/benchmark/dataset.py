"""The data that is measured: loaded once for each scale, and copied for each run so that writes leave no trace."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import URL, make_url

from db import demo, migrations
from db.embedded import Servers, servers
from db.keyring import Keyring

ROOT = Path(__file__).parents[2]
SQL = Path(__file__).parent / "sql"
STAMP = "made-of.sha256"
SECRET = "of-a-benchmark-and-of-nothing-else"  # noqa: S105  (it seals what everybody can read in the sources)
SOURCES = ("db/migrations/versions", "db/demo")


@dataclass(frozen=True, slots=True)
class Database:
    """One database of a running PostgreSQL server. `pid` is the server's first process."""

    url: URL
    redis_url: str
    pid: int

    @property
    def environment(self) -> dict[str, str]:
        """How clients of libpq's habits find it."""
        host, port = self.url.query["host"], self.url.query["port"]
        return {
            "PGHOST": str(host),
            "PGPORT": str(port),
            "PGUSER": str(self.url.username),
            "PGDATABASE": str(self.url.database),
        }

    def named(self, name: str) -> "Database":
        """Another database of the same server."""
        return Database(self.url.set(database=name), self.redis_url, self.pid)

    def execute(self, sql: str) -> None:
        """Run a script; one statement alone runs outside a transaction."""
        self._run(lambda connection: connection.execute(sql))

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """The rows of a query, each readable by the names of its columns."""
        found: list[Any] = self._run(lambda connection: connection.fetch(sql, *values))
        return found

    def _run(self, act: Callable[[Any], Any]) -> Any:
        async def connected() -> Any:
            query = self.url.query
            connection = await asyncpg.connect(
                host=query["host"], port=query["port"], user=self.url.username, database=self.url.database
            )
            try:
                return await act(connection)
            finally:
                await connection.close()

        return asyncio.run(connected())


@contextmanager
def dataset(folder: Path, scale: int, *, progress: demo.Progress) -> Iterator[Database]:
    """A running server with the demo data at this scale, loaded the first time and after its sources have changed."""
    home = folder / f"scale-{scale}"
    stamp, wanted = home / STAMP, fingerprint()
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
    with servers(home) as running:
        database = _database(home, running)
        if not stamp.exists():
            url = str(database.url)
            migrations.upgrade(url)
            asyncio.run(demo.load(url, Keyring([SECRET]), scale=scale, progress=progress))
            stamp.write_text(wanted)
        yield database


@contextmanager
def copy(source: Database, *scripts: str, name: str = "benchmark") -> Iterator[Database]:
    """A database with the same rows and what these scripts add; it is dropped in the end."""
    server, made = source.named("postgres"), source.named(name)
    server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    server.execute(f"CREATE DATABASE {name} TEMPLATE {source.url.database}")
    try:
        for script in scripts:
            made.execute((SQL / f"{script}.sql").read_text())
        if scripts:
            made.execute("VACUUM (ANALYZE)")
        yield made
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def fingerprint() -> str:
    """One hash over the files that decide what is in a data set."""
    digest = sha256()
    for source in SOURCES:
        for path in sorted(path for path in (ROOT / source).rglob("*") if path.suffix in {".py", ".json", ".jsonl"}):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _database(home: Path, running: Servers) -> Database:
    pid = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    return Database(make_url(running.database_url), running.redis_url, pid)
