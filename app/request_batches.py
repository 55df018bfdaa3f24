"""Several operations in one request, as an array: paid for as one, run one after the other, answered in their order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app import costs
from app.graph import Answered, Client, Graph, cost_of
from app.rate_limits import Charge, RateLimited
from app.refusals import refused
from app.requests import BadRequest, checked
from db.errors import Overloaded, Refusal
from graphql_schema.execution import Operation, RequestError
from graphql_schema.execution.cost import objects_in
from graphql_schema.execution.limits import check_cost


class BatchTooLarge(Refusal):
    """An array has more operations than it may."""

    code = "MAX_BATCH_LIMIT"
    default = "There are too many operations in this batch."


@dataclass(frozen=True, slots=True)
class RequestBatches:
    """Runs arrays of at most `limit` operations; with 0 none are accepted."""

    graph: Graph
    limit: int

    async def execute(self, batch: Sequence[Any], client: Client) -> Answered:
        """The array of the answers; one that is refused has its errors there, and the others are run.

        All are refused with BadRequest or BatchTooLarge for their number, with RequestError where they cost more
        together than one operation may, and with RateLimited where that is not left.
        """
        self._check_size(batch)
        prepared = [await self._prepared(members, client) for members in batch]
        charge = self._charge(prepared, client)
        answers = [await self._answer(one, client) for one in prepared]
        throttle = self.graph.rate_limits.settle(charge, sum(actual for *_, actual in answers))
        told = [
            costs.with_cost(answer, cost_of(one, actual, client, throttle), at)
            if isinstance(one, Operation)
            else answer
            for one, (answer, at, actual) in zip(prepared, answers, strict=True)
        ]
        return Answered(b"[%b]" % b",".join(told), throttle)

    def _check_size(self, batch: Sequence[Any]) -> None:
        if not self.limit:
            raise BadRequest("RequestBatches are not accepted. Send one operation at a time.")
        if not batch:
            raise BadRequest("There is no operation in this batch.")
        if len(batch) > self.limit:
            raise BatchTooLarge(f"Batch: {len(batch):,} operations found, {self.limit:,} allowed.")

    async def _prepared(self, members: Any, client: Client) -> Operation | Exception:
        await asyncio.sleep(0)  # others have their turn between two of them
        try:
            operation = await self.graph.prepare(checked(members), client)
        except (RequestError, Refusal) as error:
            return error
        if operation.kind == "subscription":
            return BadRequest("A subscription cannot be in a batch.")
        return operation

    def _charge(self, prepared: Sequence[Operation | Exception], client: Client) -> Charge:
        """Take the points that all of them may cost together, as for one operation."""
        operations = [one for one in prepared if isinstance(one, Operation)]
        points = sum(operation.points for operation in operations)
        try:
            nodes = sum(operation.estimate.nodes for operation in operations)
            check_cost(nodes, points, self.graph.executor.limits)
            return self.graph.rate_limits.take(client.pays, points)
        except (RequestError, RateLimited) as error:
            throttle = self.graph.rate_limits.status(client.pays)
            error.extensions = {"cost": orjson.Fragment(costs.cost(points, None, throttle=throttle))}
            raise

    async def _answer(self, one: Operation | Exception, client: Client) -> tuple[bytes, bytes, int]:
        """The answer to one of them, the JSON of its `extensions.at`, and its cost in points."""
        if isinstance(one, Exception):
            return orjson.dumps(refused(one)), b"", 0
        try:
            answer, at = await self.graph.run(one, client)
        except Exception as error:  # noqa: BLE001  (what is unexpected is logged and masked)
            return orjson.dumps(refused(error)), b"", 0 if isinstance(error, Overloaded) else one.points
        return answer, at, one.actual(objects_in(answer))
