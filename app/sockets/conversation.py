"""One conversation over graphql-transport-ws: many operations on one socket, each of them a task."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import structlog
from graphql import GraphQLError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected, WebSocketState

from app.auth import REFUSED
from app.graph import Client, Graph
from app.logs import elapsed, note
from app.metrics import count_errors
from app.origins import origin_of
from app.refusals import refused
from app.requests import BadRequest, checked, parsed
from app.settings import Settings
from app.sockets.closing import Closing, closing_for
from app.sockets.credentials import EXPIRES_IN, authorization_in, renewed
from app.sockets.messages import answers, head_of
from app.watch import Watch, expires_in
from db.errors import Refusal, Unauthenticated
from graphql_schema.execution import Operation, RequestError

PROTOCOL = "graphql-transport-ws"

Message = dict[str, Any]

log = structlog.get_logger()


class Sockets(Protocol):
    """The endpoint as a conversation knows it, and so all other conversations."""

    graph: Graph
    settings: Settings
    draining: Closing | None
    watch: Watch

    def admit(self, client: Client) -> None:
        """Count a socket of this client; raises Closing for one too many."""
        ...

    async def turn(self, client: Client) -> None:
        """Wait for others who have something to say, on this client's sockets and everywhere else."""
        ...


@dataclass(slots=True)
class _Running:
    task: asyncio.Task[None]
    kind: str | None = None
    """None until its text is read."""


class Conversation:
    """One socket, from its start to its end. `client` is known once it is acknowledged.

    The `credential` that it was opened with counts unless `connection_init` has another.
    """

    def __init__(self, sockets: Sockets, websocket: WebSocket, credential: str | None = None) -> None:
        self.sockets = sockets
        self.graph = sockets.graph
        self.settings = sockets.settings
        self.websocket = websocket
        self._send_now: Callable[[tuple[bytes, ...]], bool] = websocket.scope["extensions"]["trellis.send_now"]
        self.credential = credential
        self.client: Client | None = None
        self.operations: dict[str, _Running] = {}
        self._reading = asyncio.Lock()
        self.waiting = 0
        self.code = 1006

    async def serve(self) -> None:
        """Talk until one side closes; then nothing of it runs any more."""
        await self.websocket.accept(PROTOCOL if PROTOCOL in self.websocket.scope["subprotocols"] else None)
        started = time.perf_counter()
        try:
            async with asyncio.TaskGroup() as self.tasks:
                await self._converse()
        except* (WebSocketDisconnect, WebSocketDisconnected):
            pass
        except* Exception as failures:  # noqa: BLE001  (what is unexpected is logged and masked)
            await self._close(closing_for(failures.exceptions[0]))
        finally:
            log.info("socket", code=self.code, ms=elapsed(started))

    async def finish(self) -> None:
        """Finish as the server stops: subscriptions are completed, other operations may still answer."""
        finishing = [running.task for running in self.operations.values() if running.kind != "subscription"]
        with suppress(WebSocketDisconnect, WebSocketDisconnected, Closing):
            for key in [key for key, running in self.operations.items() if running.kind == "subscription"]:
                self._stop(key)
                await self._send("complete", id=key)
            if finishing:
                await asyncio.wait(finishing)

    async def end(self, closing: Closing) -> None:
        """Close the socket, whatever still runs on it."""
        for running in self.operations.values():
            running.task.cancel()
        await self._close(closing)

    async def turn_away(self) -> None:
        """Close the socket, as its credential does not hold any longer."""
        await self.end(Closing(4403, REFUSED))

    async def warn(self, seconds: int) -> None:
        """Say that the credential ends in so many seconds, for the client to send another."""
        with suppress(WebSocketDisconnect, WebSocketDisconnected, Closing):
            await self._send("ping", payload={EXPIRES_IN: seconds})

    async def _converse(self) -> None:
        if PROTOCOL not in self.websocket.scope["subprotocols"]:
            raise Closing(4406, f"The subprotocol must be {PROTOCOL}.")
        await self._acknowledge(await self._initialised())
        with self.sockets.watch.over(self):
            while True:
                message = await self._receive()
                assert self.client
                await self.sockets.turn(self.client)
                await self._handle(message)

    async def _initialised(self) -> Message:
        """The payload of `connection_init`."""
        try:
            async with asyncio.timeout(self.settings.init_timeout):
                while True:
                    match await self._receive():
                        case {"type": "connection_init", **message}:
                            return message.get("payload") or {}
                        case {"type": "subscribe"}:
                            raise Closing(4401, "Unauthorized: send connection_init and wait for connection_ack.")
                        case message:
                            await self._handle(message)
        except TimeoutError:
            raise Closing(4408, "There was no connection_init in time.") from None

    async def _acknowledge(self, payload: Message) -> None:
        credential = authorization_in(payload) or self.credential
        address = self.websocket.client
        try:
            viewer = await self.graph.sessions.viewer(credential)
        except Unauthenticated as error:
            raise Closing(4403, error.message) from None
        client = Client(viewer, credential, address.host if address else None, asked=origin_of(self.websocket.scope))
        self.sockets.admit(client)
        self.client = client
        note(viewer=client.viewer.id and str(client.viewer.id))
        await self._send("connection_ack")

    async def _renew(self, client: Client, credential: str) -> Message:
        """Go on with the credential that came in a ping or a pong; returns for how long it holds, or why it does not.

        Then the one before still counts.
        """
        try:
            self.graph.rate_limits.take(client.pays, 1)
            self.client = client = await renewed(self.graph.sessions, client, credential)
        except Refusal as error:
            return refused(error)
        return {EXPIRES_IN: expires_in(client.viewer)}

    async def _receive(self) -> Message:
        """The next message. Its payload, if it has one, is an object."""
        received = await self.websocket.receive()
        if received["type"] == "websocket.disconnect":
            self.code = received.get("code", 1005)
            raise WebSocketDisconnect(self.code)
        if received.get("text") is None:
            raise Closing(4400, "Messages are text, not binary.")
        try:
            message = parsed(received["text"], what="message")
        except BadRequest as error:
            raise Closing(4400, error.message) from None
        if not isinstance(message, dict) or not isinstance(message.get("payload"), dict | None):
            raise Closing(4400, "A message is an object, and so is its payload.")
        return message

    async def _handle(self, message: Message) -> None:
        match message:
            case {"type": "ping" | "pong", "payload": {**given}} if self.client and (new := authorization_in(given)):
                await self._send("pong", payload=await self._renew(self.client, new))
            case {"type": "ping"}:
                await self._send("pong", **{name: message[name] for name in message.keys() & {"payload"}})
            case {"type": "pong"}:
                pass
            case {"type": "connection_init"}:
                raise Closing(4429, "Too many initialisation requests")
            case {"type": "subscribe", "id": str(key), "payload": dict(payload)} if key:
                await self._start(key, payload)
            case {"type": "complete", "id": str(key)} if key:
                self._stop(key)
            case _:
                raise Closing(4400, f"This is no message of {PROTOCOL}, or its id or payload is missing.")

    async def _start(self, key: str, payload: Message) -> None:
        if key in self.operations:
            raise Closing(4409, f"Subscriber for {key} already exists")
        if self.sockets.draining:
            raise self.sockets.draining
        try:
            self._check_number()
        except RequestError as error:
            await self._refuse(key, error)
            return
        self.operations[key] = _Running(self.tasks.create_task(self._operate(key, payload)))

    def _check_number(self) -> None:
        if len(self.operations) >= (limit := self.settings.operation_limit):
            message = f"Operations: {limit:,} run on this socket, and no more are allowed."
            raise RequestError([GraphQLError(message)], "MAX_OPERATIONS_LIMIT")

    def _stop(self, key: str) -> None:
        """Stop an operation at once: the client may use the id again. One that is unknown has just ended."""
        if running := self.operations.pop(key, None):
            running.task.cancel()

    async def _operate(self, key: str, payload: Message) -> None:
        started = time.perf_counter()
        try:
            # One at a time, as they came; what else is said meanwhile is answered.
            async with self._reading:
                operation, client = await self._read(payload)
            self.operations[key].kind = operation.kind
            note(operation=operation.request.operation_name, kind=operation.kind)
            await self._answer(key, operation, client)
        except (RequestError, Refusal) as error:
            self.operations.pop(key, None)
            await self._refuse(key, error)
        else:
            self.operations.pop(key, None)
            await self._send("complete", id=key)
        finally:
            log.info("operation", ms=elapsed(started))

    async def _read(self, payload: Message) -> tuple[Operation, Client]:
        """The operation, and the client with the credential that it has brought."""
        assert self.client
        extensions = payload.get("extensions")
        credential = authorization_in(extensions) if isinstance(extensions, dict) else None
        try:
            self.client = client = await renewed(self.graph.sessions, self.client, credential)
            operation = await self.graph.prepare(checked(payload), client)
        except BadRequest as error:
            raise Closing(4400, error.message) from None
        except Unauthenticated as error:
            raise Closing(4403, error.message) from None
        if self.sockets.draining and operation.kind == "subscription":
            raise self.sockets.draining
        return operation, client

    async def _refuse(self, key: str, refusal: RequestError | Refusal) -> None:
        """A message of errors has no extensions of its own: what the answer says beside them stands in the first."""
        answer = refused(refusal)
        errors = answer["errors"]
        errors[0]["extensions"] |= answer.get("extensions", {})
        await self._send("error", id=key, payload=errors)

    async def _answer(self, key: str, operation: Operation, client: Client) -> None:
        if operation.kind != "subscription":
            answered = await self.graph.execute(operation, client)
            await self._send("next", id=key, payload=orjson.Fragment(answered.body))
            return
        self.graph.charge(operation, client)
        head = head_of(key)

        def send_now(bodies: tuple[bytes, ...]) -> bool:
            return self._send_now(answers(head, bodies))

        heard = self.graph.executor.subscribe(operation, self.graph.context(client), send_now=send_now)
        async with aclosing(heard) as messages:
            async for message in messages:
                count_errors(message.errors)
                await self._write(b"%b%b}" % (head, message.body))

    async def _send(self, kind: str, **members: Any) -> None:
        """Send a message, as soon as the client has read enough of those before it."""
        await self._write(orjson.dumps({"type": kind, **members}))

    async def _write(self, text: bytes) -> None:
        if self.waiting and self.waiting + len(text) > self.settings.reader_limit:
            raise Closing(1013, f"Over {self.settings.reader_limit} bytes wait to be read.")
        self.waiting += len(text)
        try:
            await self.websocket.send({"type": "websocket.send", "utf8": text})
        finally:
            self.waiting -= len(text)

    async def _close(self, closing: Closing) -> None:
        if self.websocket.application_state is WebSocketState.CONNECTED:
            self.code = closing.code
            with suppress(WebSocketDisconnect, WebSocketDisconnected):
                await self.websocket.close(closing.code, closing.reason)
