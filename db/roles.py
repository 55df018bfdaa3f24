"""Settings of a session that belong to a role: for a pooler, through which nobody can send them.

A pooler in transaction mode lends another session of the server for each transaction. So what a session is set to has
to be so from its start, by the role that it belongs to: one for reads, one for everything.
"""

from asyncpg import Connection

from db.address import Address
from db.errors import CannotRun
from db.queue.schema import SCHEMA
from db.session_settings import COMPILED_SETTINGS, READ_ONLY, SERVER_SETTINGS

POOLED = ("application_name",)
"""Settings that a pooler itself hands on."""


class NotSet(CannotRun):
    """Sessions without the settings that nobody can send through a pooler."""


def settings_of(*, reads: bool) -> dict[str, str]:
    """The settings of the sessions of a role."""
    settings = SERVER_SETTINGS | COMPILED_SETTINGS | (READ_ONLY if reads else {})
    return {name: value for name, value in settings.items() if name not in POOLED}


async def check(url: str, *, reader_url: str | None) -> None:
    """Raise NotSet if sessions are not set as they have to be, such as by a pooler that hands nothing on."""
    for address, reads in ((Address.parse(url), False), (Address.parse(reader_url or url), True)):
        await _check(address, reads=reads)


async def give(owner_url: str, url: str, *, reader_url: str) -> list[str]:
    """Make the two roles that the addresses name, or set those that there are; as their owner. Answers their names.

    They may use all tables that the owner has and makes, and have the passwords of their addresses if they are new.
    """
    connection = await Address.parse(owner_url).reach()
    try:
        async with connection.transaction():
            given = ((Address.parse(url), False), (Address.parse(reader_url), True))
            return [await _give(connection, address, reads=reads) for address, reads in given]
    finally:
        await connection.close()


async def _check(address: Address, *, reads: bool) -> None:
    wanted = settings_of(reads=reads)
    connection = await address.reach(wanted)
    try:
        found = await connection.fetch("SELECT name, current_setting(name) FROM unnest($1::text[]) AS name", [*wanted])
    finally:
        await connection.close()
    if wrong := [name for name, value in found if value != wanted[name]]:
        role = f"{'DATABASE_READER_URL' if reads else 'DATABASE_URL'} ({address.arguments.get('user')})"
        missing = ", ".join(f"{name}={wanted[name]}" for name in wrong)
        cure = "" if address.is_pooled else "if PgBouncer is between, add pgbouncer=true to it and "
        raise NotSet(f"Sessions of the role in {role} are not set to {missing}: {cure}run scripts/roles.")


async def _give(connection: Connection, address: Address, *, reads: bool) -> str:
    """As literals in the statement, because these take no parameters; PostgreSQL itself writes them."""
    role, password = address.arguments.get("user"), address.arguments.get("password")
    if not role:
        raise CannotRun("The address of a role begins with its name: postgresql://NAME:PASSWORD@HOST/DATABASE.")
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role):
        await _run(connection, "CREATE ROLE %I LOGIN PASSWORD %L", role, password)
    for name, value in settings_of(reads=reads).items():
        database = await connection.fetchval("SELECT current_database()")
        await _run(connection, "ALTER ROLE %I IN DATABASE %I SET %I = %L", role, database, name, value)
    verbs = "SELECT" if reads else "SELECT, INSERT, UPDATE, DELETE"
    await _run(connection, f"GRANT {verbs} ON ALL TABLES IN SCHEMA public TO %I", role)
    await _run(connection, f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {verbs} ON TABLES TO %I", role)
    if not reads:
        await _let_queue(connection, role)
    return str(role)


async def _let_queue(connection: Connection, role: str) -> None:
    """Let a role queue and run jobs. Nobody else sees them: their tables have no access rules."""
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    await _run(connection, f"GRANT USAGE ON SCHEMA {SCHEMA} TO %I", role)
    for kind, verbs in (("TABLES", "SELECT, INSERT, UPDATE, DELETE"), ("SEQUENCES", "USAGE")):
        await _run(connection, f"GRANT {verbs} ON ALL {kind} IN SCHEMA {SCHEMA} TO %I", role)
        await _run(connection, f"ALTER DEFAULT PRIVILEGES IN SCHEMA {SCHEMA} GRANT {verbs} ON {kind} TO %I", role)


async def _run(connection: Connection, statement: str, *names: str | None) -> None:
    literals = ", ".join(f"${number}::text" for number in range(2, len(names) + 2))
    await connection.execute(await connection.fetchval(f"SELECT format($1, {literals})", statement, *names))
