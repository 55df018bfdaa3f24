"""GraphQL over WebSocket (graphql-transport-ws): many operations on one socket, each of them a task."""

import asyncio
import time
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected, WebSocketState

from app.graph import Client, Graph
from app.logs import elapsed, note
from app.refusals import refused
from app.requests import BadRequest, checked, parsed
from db.errors import Refusal, Unauthenticated
from graphql_schema.execution import Operation, RequestError

PROTOCOL = "graphql-transport-ws"
REASON_BYTES = 123
FINISHING_TIMEOUT = 5

Message = dict[str, Any]

log = structlog.get_logger()


class Closing(Exception):  # noqa: N818  (an outcome, not an error)
    """The conversation ends with this close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class GraphQLOverWebSocket:
    """The ASGI endpoint, and all sockets that are open in this process.

    A client that has not sent `connection_init` within `init_timeout` seconds is turned away.
    """

    def __init__(self, graph: Graph, *, init_timeout: float) -> None:
        self.graph = graph
        self.init_timeout = init_timeout
        self._open: set[_Socket] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = _Socket(self, WebSocket(scope, receive, send))
        self._open.add(socket)
        try:
            await socket.serve()
        finally:
            self._open.discard(socket)

    async def drain(self) -> None:
        """End all subscriptions with `complete`, let the other operations finish, close the sockets with 1012."""
        await asyncio.gather(*(socket.drain() for socket in self._open))


@dataclass(frozen=True, slots=True)
class _Running:
    kind: str
    task: asyncio.Task[None]


class _Socket:
    """One conversation."""

    def __init__(self, endpoint: GraphQLOverWebSocket, websocket: WebSocket) -> None:
        self.endpoint = endpoint
        self.websocket = websocket
        self.client = Client()
        self.operations: dict[str, _Running] = {}
        self.code = 1006

    async def serve(self) -> None:
        """Talk until one side closes; then nothing of it runs any more."""
        offered = PROTOCOL in self.websocket.scope["subprotocols"]
        await self.websocket.accept(PROTOCOL if offered else None)
        started = time.perf_counter()
        try:
            async with asyncio.TaskGroup() as self.tasks:
                await self._converse()
        except* Closing as closings:
            closing = closings.exceptions[0]
            assert isinstance(closing, Closing)
            await self._close(closing.code, closing.reason)
        except* (WebSocketDisconnect, WebSocketDisconnected):
            pass
        except* Exception:
            log.exception("socket failed")
            await self._close(4500, "Something went wrong on our side.")
        finally:
            log.info("socket", code=self.code, ms=elapsed(started))

    async def drain(self) -> None:
        """Finish as the server stops: subscriptions are complete, other operations may still answer."""
        finishing = [running.task for running in self.operations.values() if running.kind != "subscription"]
        with suppress(WebSocketDisconnect, WebSocketDisconnected):
            for key in [key for key, running in self.operations.items() if running.kind == "subscription"]:
                self.operations.pop(key).task.cancel()
                await self._send("complete", id=key)
            if finishing:
                await asyncio.wait(finishing, timeout=FINISHING_TIMEOUT)
        await self._close(1012, "The server restarts.")

    async def _converse(self) -> None:
        if PROTOCOL not in self.websocket.scope["subprotocols"]:
            raise Closing(4406, f"The subprotocol must be {PROTOCOL}.")
        await self._acknowledge(await self._initialised())
        while True:
            await self._handle(await self._receive())

    async def _initialised(self) -> Message:
        """The payload of `connection_init`."""
        try:
            async with asyncio.timeout(self.endpoint.init_timeout):
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
        try:
            credential = _authorization(payload)
            viewer = await self.endpoint.graph.sessions.viewer(credential)
        except Unauthenticated as refused:
            raise Closing(4403, refused.message) from None
        address = self.websocket.client
        self.client = Client(viewer, credential, address.host if address else None)
        note(viewer=viewer.id and str(viewer.id))
        await self._send("connection_ack")

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
        try:
            operation = await self.endpoint.graph.prepare(checked(payload), self.client)
        except BadRequest as error:
            raise Closing(4400, error.message) from None
        except (RequestError, Refusal) as error:
            await self._refuse(key, error)
            return
        task = self.tasks.create_task(self._operate(key, operation))
        self.operations[key] = _Running(operation.kind, task)

    def _stop(self, key: str) -> None:
        """At once: the client may use the id again in its next message. An unknown one has just ended by itself."""
        if running := self.operations.pop(key, None):
            running.task.cancel()

    async def _operate(self, key: str, operation: Operation) -> None:
        note(operation=operation.request.operation_name, kind=operation.kind)
        started = time.perf_counter()
        try:
            await self._answer(key, operation)
        except (RequestError, Refusal) as error:
            self.operations.pop(key, None)
            await self._refuse(key, error)
        else:
            self.operations.pop(key, None)
            await self._send("complete", id=key)
        finally:
            log.info("operation", ms=elapsed(started))

    async def _refuse(self, key: str, refusal: RequestError | Refusal) -> None:
        """A message of errors has no extensions of its own: what the answer says beside them stands in the first."""
        answer = refused(refusal)
        errors = answer["errors"]
        errors[0]["extensions"] |= answer.get("extensions", {})
        await self._send("error", id=key, payload=errors)

    async def _answer(self, key: str, operation: Operation) -> None:
        graph = self.endpoint.graph
        if operation.kind != "subscription":
            answered = await graph.execute(operation, self.client)
            await self._send("next", id=key, payload=orjson.Fragment(answered.body))
            return
        graph.charge(operation, self.client)
        async with aclosing(graph.executor.subscribe(operation, graph.context(self.client.viewer))) as answers:
            async for answer in answers:
                await self._send("next", id=key, payload=answer)

    async def _send(self, kind: str, **members: Any) -> None:
        await self.websocket.send_text(orjson.dumps({"type": kind, **members}).decode())

    async def _close(self, code: int, reason: str) -> None:
        """Close with a reason that fits into the frame."""
        if self.websocket.application_state is not WebSocketState.CONNECTED:
            return
        self.code = code
        with suppress(WebSocketDisconnect):
            await self.websocket.close(code, reason.encode()[:REASON_BYTES].decode(errors="ignore"))


def _authorization(payload: Message) -> str | None:
    """The credential in a `connection_init`: a member of its own or among `headers`, however it is written."""
    headers = payload.get("headers")
    members = [*payload.items(), *(headers.items() if isinstance(headers, dict) else ())]
    found = next((value for name, value in members if name.lower() == "authorization" and value is not None), None)
    if not isinstance(found, str | None):
        raise Closing(4400, "The authorization must be a text.")
    return found
