"""The history of the schema. Revisions are generated from the tables and committed beside this file."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from asyncpg import UndefinedTableError

from db.address import Address
from db.errors import CannotRun


class WrongRevision(CannotRun):
    """This release and this database do not belong together: which of them is behind."""


def upgrade(database_url: str) -> None:
    """Bring a database to the newest revision; those who come at once do it in turn. Raises WrongRevision."""
    try:
        command.upgrade(_config(database_url), "head")
    except CommandError as error:
        if isinstance(error.__cause__, ResolutionError):
            raise WrongRevision(
                f"The database is at revision {error.__cause__.argument}, which this release does not know: "
                "a later one has been here. Start that one, or take another database or data folder."
            ) from None
        raise


async def check(database_url: str) -> None:
    """Raise WrongRevision for a database that has yet to be upgraded. One that a later release upgraded will do."""
    script = ScriptDirectory.from_config(_config(database_url))
    connection = await Address.parse(database_url).reach()
    try:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    except UndefinedTableError:
        revision = None
    finally:
        await connection.close()
    older = {known.revision for known in script.walk_revisions()} - {script.get_current_head()}
    if revision is None or revision in older:
        raise WrongRevision(
            f"The database is at revision {revision}, which is older than this release: run scripts/migrate."
        )


def revision(database_url: str, message: str) -> None:
    """Write the revision that takes an upgraded database to the tables as they are declared now."""
    upgrade(database_url)
    command.revision(_config(database_url), message, autogenerate=True)


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", "db:migrations")
    config.set_main_option("file_template", "%%(year)d%%(month).2d%%(day).2d_%%(slug)s")
    config.attributes["database_url"] = database_url
    return config
