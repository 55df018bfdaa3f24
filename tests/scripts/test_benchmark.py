"""The benchmark keeps to the tables, which nobody would notice until figures are wanted."""

from scripts.benchmark.dataset import SQL
from scripts.benchmark.workload import THREADS
from tests.conftest import NotingDatabase


async def test_what_it_adds_to_the_demo_data_fits_the_tables(database: NotingDatabase) -> None:
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver
        await driver.execute((SQL / "adapt.sql").read_text())
        assert await driver.fetchval("SELECT count(*) FROM bench.projects") > 0
        assert await driver.fetch(THREADS)
        await driver.execute("UPDATE specification_documents SET status = 'ARCHIVED'")
        assert await driver.fetch(THREADS) == [], "nobody can comment on an archived document"
