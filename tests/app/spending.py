"""What one user spends, and has left, as a process knows."""

from typing import Any

from tests.app.serving import Served
from tests.app.test_graph import COMMENT
from tests.world import World


async def spend(served: Served, world: World) -> float:
    """The points that a comment of Ben has cost."""
    cost = await _cost(served, world, query=COMMENT, variables={"thread": world.thread_0.public_id})
    return float(cost["actualQueryCost"])


async def left(served: Served, world: World) -> float:
    """The points that Ben has left. It costs one to ask."""
    cost = await _cost(served, world, query="{ viewer { name } }")
    return float(cost["throttleStatus"]["currentlyAvailable"])


async def _cost(served: Served, world: World, **body: Any) -> Any:
    answer = (await served.post(body, authorization=f"Bearer {world.tokens['ben']}")).json()
    assert "errors" not in answer
    return answer["extensions"]["cost"]
