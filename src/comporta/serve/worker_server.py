"""A server in one of several worker processes, on the socket that its supervisor holds."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import uvicorn

from comporta.errors import BadProject
from comporta.http.listening import LOOPBACK_ADDRESSES, ignoring_repeated_signals
from comporta.records.token import Token
from comporta.serve.app import App
from comporta.serve.limits import ServeLimits
from comporta.serve.metric_sample import MetricSample
from comporta.serve.server import GRACE_SECONDS, HttpServer, keep_loaded, tune_process, uvicorn_config
from comporta.serve.server_options import DEFAULT_OPTIONS, ServerOptions, limits_of, open_options
from comporta.serve.serving_state import ServingState
from comporta.serve.shared_listener import SharedListener
from comporta.serve.sibling_workers import SiblingWorkers
from comporta.serve.tally import Tally
from comporta.serve.version_source import ObservationSink, VersionSource
from comporta.serve.worker_messages import MessageWriter, WorkerReady

if TYPE_CHECKING:
    from comporta.serve.grpc.server import GrpcServer

_SHARING_SECONDS = 120.0  # after a restart: in this time the new worker should have its part
_TICKS = 5  # of a tenth of a second each, between two tellings of what is counted


class WorkerSeat(NamedTuple):
    """What a worker was handed by its supervisor."""

    listener: socket.socket
    siblings: SiblingWorkers
    messages: MessageWriter


def serve_from_seat(
    source: VersionSource,
    sink: ObservationSink | None,
    seat: WorkerSeat,
    *,
    key: bytes,
    host: str = "127.0.0.1",
    durable: bool = False,
    poll: float = 1.0,
    limits: ServeLimits | None = None,
    tokens: Callable[[], Sequence[Token]] | None = None,
    tally: Tally | None = None,
    samples: Callable[[], Sequence[MetricSample]] = tuple,
    options: ServerOptions = DEFAULT_OPTIONS,
) -> None:
    """As `serve`, until this worker is told to end."""
    tools = open_options(options, say=seat.messages.say)
    server: list[WorkerServer] = []

    def begin(serving: ServingState) -> None:
        keep_loaded()
        server[0].look_done()
        seat.messages.send(
            WorkerReady(
                model=min(serving.models, default=None), tokens=None if tokens is None else len(tokens())
            )
        )

    app = App(
        source,
        sink,
        key=key,
        durable=durable,
        poll=poll,
        limits=limits_of(options, limits),
        hosts=None if host in LOOPBACK_ADDRESSES else ("*",),
        tokens=tokens,
        tally=tally,
        samples=samples,
        siblings=seat.siblings,
        on_first_look=begin,
        tools=tools,
        say=seat.messages.say,
    )
    if options.grpc is not None:
        app.open_grpc(host, options.grpc, GRACE_SECONDS)
    server.append(WorkerServer(uvicorn_config(app, GRACE_SECONDS), app, seat))
    tune_process()
    with ignoring_repeated_signals():
        server[0].run(sockets=[])


class WorkerServer(HttpServer):
    """uvicorn's, with a listener that leaves connections to others too."""

    def __init__(self, config: uvicorn.Config, app: App, seat: WorkerSeat) -> None:
        super().__init__(config, app)
        self._seat = seat
        self._listener: SharedListener | None = None
        self._starting: asyncio.Task[None] | None = None
        self._waits, self._looked = True, False
        self._restarts, self._until = seat.siblings.restarts, 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        self._listener = SharedListener(
            self._seat.listener,
            self._connection,
            lambda: len(self.server_state.connections),
            self._seat.siblings,
            self.config.ssl,
        )
        self.servers = [self._listener]  # type: ignore[list-item]
        self._take_in_turn()

    def look_done(self) -> None:
        """Every release that could be read was loaded here, or has failed."""
        self._looked = True
        self._take_in_turn()

    def _take_in_turn(self) -> None:
        """Takes connections from now on, if it should: while others answer nobody must be told here that a
        model is still being loaded, or cannot be."""
        siblings = self._seat.siblings
        siblings.answer_models(len(self._app.serving.models))
        if self._waits and self._listener is not None and siblings.should_take(looked=self._looked):
            self._waits = False
            self._listener.start()
            if self._app.grpc is not None:
                self._starting = asyncio.ensure_future(self._start_grpc(self._app.grpc))

    async def on_tick(self, counter: int) -> bool:
        self._seat.siblings.note_turn()
        if self._listener is not None:
            self._take_in_turn()
            self._listener.tell()
            self._share_out()
        if counter % _TICKS == 0:
            self._app.publish_samples()
        return await super().on_tick(counter)

    async def _start_grpc(self, server: GrpcServer) -> None:
        try:
            await server.start()
        except BadProject as error:  # the other workers may have it
            self._seat.messages.say(str(error))

    def _share_out(self) -> None:
        """After a restart, sends one connection away where another worker has not half of ours: the new one
        would else have none until clients come by themselves. At other times none is sent away."""
        if self._seat.siblings.restarts != self._restarts:
            self._restarts = self._seat.siblings.restarts
            self._until = time.monotonic() + _SHARING_SECONDS
        if time.monotonic() > self._until:
            return
        stay = [each for each in self.server_state.connections if not getattr(each, "ends_soon", True)]
        if self._seat.siblings.has_fewer(len(stay) // 2):
            stay[0].end_soon()  # type: ignore[union-attr]

    def _connection(self) -> asyncio.Protocol:
        return self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
