"""The server that grpcio runs, on the event loop of the one for HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

from comporta.errors import BadProject, BadRequest
from comporta.http.limits import late_body
from comporta.http.listening import host_in_url
from comporta.http.replies import Reply
from comporta.http.tls import HANDSHAKE_SECONDS, TlsFiles
from comporta.records.extras import require
from comporta.serve.grpc.codes import code_of, trailing_metadata
from comporta.serve.grpc.face import GrpcFace
from comporta.serve.paths import GRPC_METHODS, RoutePath

_WHY = "comporta serve --grpc"
CONNECTION_SECONDS = 300
"""How old a connection becomes: then its client makes another, which another worker may take."""
_HEAD_BYTES = 32 * 1024  # as `HEAD_BYTES` for HTTP
_IDLE_SECONDS = 60


def require_grpcio() -> Any:
    """grpcio. Raises MissingExtra."""
    # What its own code writes to stderr of a client that hangs up is nobody's business.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    return require("grpc", _WHY)


class GrpcServer:
    """face: what it answers. host, port: where, beside a socket that `reserve` gave. grace: seconds for
    requests to end."""

    def __init__(
        self, face: GrpcFace, host: str, port: int, *, grace: float, tls: TlsFiles | None = None
    ) -> None:
        self._face, self._address = face, f"{host_in_url(host)}:{port}"
        self._grace, self._tls = grace, tls
        self._server: Any = None
        self._ending: asyncio.Task[None] | None = None
        self._cutting: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Listens from now on; nothing where it does, or has ended. Raises BadProject where it cannot."""
        if self._server is not None or self._ending is not None:
            return
        grpc = require_grpcio()
        body, requests = self._face.limits.body, self._face.limits.connections
        options = [
            ("grpc.so_reuseport", 1),
            ("grpc.max_receive_message_length", body),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_metadata_size", _HEAD_BYTES),
            ("grpc.absolute_max_metadata_size", _HEAD_BYTES),
            ("grpc.max_concurrent_streams", requests),
            ("grpc.max_allowed_incoming_connections", requests),
            ("grpc.max_connection_age_ms", CONNECTION_SECONDS * 1000),
            ("grpc.max_connection_age_grace_ms", int(self._grace * 1000)),
            ("grpc.keepalive_time_ms", _IDLE_SECONDS * 1000),
            ("grpc.server_handshake_timeout_ms", int(HANDSHAKE_SECONDS * 1000)),
        ]
        server = self._server = grpc.aio.server(options=options, maximum_concurrent_rpcs=requests)
        server.add_generic_rpc_handlers((_handlers(grpc, self._face),))
        try:
            if self._tls is None:
                server.add_insecure_port(self._address)
            else:
                server.add_secure_port(self._address, _credentials(grpc, self._tls))
        except RuntimeError:
            raise BadProject(f"{self._address}: cannot listen there. Choose another with --grpc.") from None
        await server.start()

    def begin_stop(self) -> asyncio.Task[None]:
        """No new request from now on. Done once those under way are answered and logged."""
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._stop())
        return self._ending

    async def stop(self) -> None:
        """The same, waited for."""
        await self.begin_stop()

    def cut(self) -> None:
        """What is under way ends now, answered or not."""
        if self._server is not None:
            self._cutting = asyncio.ensure_future(self._server.stop(0))

    async def _stop(self) -> None:
        if self._server is not None:
            await self._server.stop(self._grace)
        await self._face.drain()


def _credentials(grpc: Any, tls: TlsFiles) -> Any:
    """Of the files as they are by now: asked for at each new connection."""
    given = tls.pair

    def newer() -> Any:
        nonlocal given
        if tls.pair is given:
            return None
        given = tls.pair
        return grpc.ssl_server_certificate_configuration((given,))

    first = grpc.ssl_server_certificate_configuration((given,))
    return grpc.dynamic_ssl_server_credentials(first, newer, require_client_authentication=False)


def _handlers(grpc: Any, face: GrpcFace) -> Any:
    """What grpcio asks for the function of a method."""
    codes = {each.value[0]: each for each in grpc.StatusCode}

    async def send(reply: Reply, context: Any) -> bytes:
        trailing = trailing_metadata(reply) if reply.headers else ()
        if reply.status == 200:
            if trailing:
                context.set_trailing_metadata(trailing)
            return reply.body
        await context.abort(codes[code_of(reply.status)], reply.body.decode(), trailing)
        raise AssertionError  # it raises

    def method(route: RoutePath) -> Callable[[Any, Any], Awaitable[bytes]]:
        async def call(messages: Any, context: Any) -> bytes:
            metadata = context.invocation_metadata() or ()
            try:
                with face.awaiting_message(route, metadata):
                    # What everybody may ask has nothing in its message, and a stranger's could be large.
                    message = b""
                    if route.action != "open":
                        message = await _first_message(context, grpc.aio.EOF, face.limits.seconds)
            except BadRequest as error:
                return await send(face.refuse(route, error), context)
            answer = face.answer(route, metadata, message)
            return await send(answer if isinstance(answer, Reply) else await answer, context)

        return call

    async def refuse(messages: Any, context: Any) -> None:
        await send(face.refuse_method(), context)

    # As if several messages came: of such a method grpcio reads none by itself, before the token is looked
    # at and for as long as it takes.
    known = {each.path: grpc.stream_unary_rpc_method_handler(method(each)) for each in GRPC_METHODS}
    unknown = grpc.stream_stream_rpc_method_handler(refuse)

    class Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: Any) -> Any:
            return known.get(details.method, unknown)

    return Handlers()


async def _first_message(context: Any, nothing: Any, seconds: float) -> bytes:
    """The message of a request. nothing: what grpcio reads where none comes. Raises BadRequest."""
    try:
        async with asyncio.timeout(seconds):
            found = await context.read()
    except TimeoutError:
        raise BadRequest(late_body(seconds), 408) from None
    if found is nothing:
        raise BadRequest("found no message, expected one.")
    return bytes(found)
