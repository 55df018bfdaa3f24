"""Which root a row hangs on: the row says it where it can, and then nobody asks the database."""

from db.outbox import topic
from db.roots import roots, topic_below
from tests.conftest import NotingDatabase
from tests.world import World


async def test_what_a_row_says_of_its_root_is_what_the_database_says(database: NotingDatabase, world: World) -> None:
    said = {row: known for row in world.rows.values() if (known := topic_below(row))}
    assert len(said) > len(world.rows) / 2
    async with database.read() as session:
        for row, (of_root, _) in said.items():
            *_, found = (await session.execute(roots(type(row)), {"key": row.id})).one()
            assert found == of_root, row


def test_what_is_in_a_repository_says_that_it_hangs_on_that(world: World) -> None:
    of_root, ids = topic_below(world.engine_issue) or ("", {})
    assert of_root == topic("repository", world.engine.id)
    assert ids == {"issue": world.engine_issue.public_id, "repository": world.engine.public_id}
