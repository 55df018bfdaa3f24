"""The plan of an operation: whatever of it can be worked out once is, in the thread that makes it."""

import gc
import time
from collections.abc import Iterator

import pytest

from db.access import GUEST
from graphql_schema.core.tree import given_of
from graphql_schema.execution import Executor, Request
from graphql_schema.schema import executor

OWNERS = " ".join(f'"usr_{number:032x}"' for number in range(1_500))
MEMBERS = " ".join(f'{{ userId: "usr_{number:032x}" }}' for number in range(350))
DEAR = {
    "a list of ids": f"{{ projects(filter: {{ ownerId: [{OWNERS}] }}) {{ totalCount }} }}",
    "a list of ids beside a variable": f"""query ($order: SpecificationProjectOrder) {{
        projects(orderBy: $order, filter: {{ ownerId: [{OWNERS}] }}) {{ totalCount }} }}""",
    "a list of objects": f"""mutation {{
        addProjectMembers(input: {{ projectId: "prj_1", members: [{MEMBERS}] }}) {{ errors {{ code }} }} }}""",
}
"""Operations whose constant arguments take many milliseconds to coerce."""


@pytest.fixture
def uncollected() -> Iterator[None]:
    """What other tests have left is not collected meanwhile."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("text", DEAR.values(), ids=DEAR)
async def test_constant_arguments_are_made_ready_beside_the_event_loop(text: str) -> None:
    operation = await Executor(executor.schema).read(Request(text), GUEST)
    begun = time.thread_time()
    for members in operation.plan.reads:
        operation.plan.asked(members, operation.variables)
    for member in operation.plan.members:
        if operation.kind == "mutation" and (given := given_of(member.node)):
            given.values(operation.variables)
    assert time.thread_time() - begun < 0.002
