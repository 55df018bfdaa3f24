"""The history of the schema. Revisions are generated from the tables and committed beside this file."""

from alembic import command
from alembic.config import Config


def upgrade(database_url: str) -> None:
    """Bring a database to the newest revision."""
    command.upgrade(_config(database_url), "head")


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
