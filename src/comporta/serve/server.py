"""A server in this process, until it is told to end."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from types import FrameType

import uvicorn

from comporta.http.listening import (
    LOOPBACK_ADDRESSES,
    ignoring_repeated_signals,
    listen,
    reserve,
    url_of,
)
from comporta.records.token import Token
from comporta.serve.app import App
from comporta.serve.fast_connection import FastConnection
from comporta.serve.greeting import greet
from comporta.serve.limits import ServeLimits
from comporta.serve.metric_sample import MetricSample
from comporta.serve.server_options import DEFAULT_OPTIONS, ServerOptions, limits_of, open_options
from comporta.serve.serving_state import ServingState
from comporta.serve.tally import Tally
from comporta.serve.version_source import ObservationSink, VersionSource

GRACE_SECONDS = 25.0
"""How long requests that are under way have to end, once the server is told to."""


def serve(
    source: VersionSource,
    sink: ObservationSink | None,
    *,
    key: bytes,
    host: str = "127.0.0.1",
    port: int = 8080,
    durable: bool = False,
    flush: float = 0.5,
    poll: float = 1.0,
    limits: ServeLimits | None = None,
    hosts: Sequence[str] | None = None,
    tokens: Callable[[], Sequence[Token]] | None = None,
    grace: float = GRACE_SECONDS,
    options: ServerOptions = DEFAULT_OPTIONS,
    tally: Tally | None = None,
    samples: Callable[[], Sequence[MetricSample]] = tuple,
    on_ready: Callable[[str, Mapping[str, str]], None] = lambda url, failed: None,
    say: Callable[[str], None] = print,
) -> None:
    """Answers until SIGTERM or Ctrl-C; then ends what was begun and writes what was answered.

    port 0: any that is free. grace: seconds for requests to end.
    on_ready: called once, when each release was loaded or has failed, with the address and, by model, why
    it cannot be served.
    The rest as in `App`. Raises BadProject when the address cannot be taken, and what `open_options` raises.
    """
    tools = open_options(options, say=say)
    if hosts is None and host not in LOOPBACK_ADDRESSES:
        hosts = ("*",)
    listener = listen(host, port)
    url = url_of(listener, host, options.scheme)
    reserved = None if options.grpc is None else reserve(host, options.grpc, "--grpc")
    grpc = None if reserved is None else int(reserved.getsockname()[1])
    model = min(source.routes(), default=None)

    def begin(serving: ServingState) -> None:
        greet(say, url, model, None if tokens is None else len(tokens()), grpc=grpc)
        on_ready(url, {model: failed.reason for model, failed in serving.failed.items()})

    app = App(
        source, sink, key=key, durable=durable, flush=flush, poll=poll, limits=limits_of(options, limits),
        hosts=hosts, tokens=tokens, tally=tally, samples=samples, on_first_look=begin, tools=tools, say=say,
    )  # fmt: skip
    if grpc is not None:
        app.open_grpc(host, grpc, grace)
    tune_process()
    with ignoring_repeated_signals(), reserved or nullcontext():
        LoneServer(uvicorn_config(app, grace), app).run(sockets=[listener])


class HttpServer(uvicorn.Server):
    """uvicorn's, with which the server for gRPC beside it ends."""

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app
        self._loop: asyncio.AbstractEventLoop | None = None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._app.grpc is not None:
            self._loop = asyncio.get_running_loop()
            self._app.grpc.begin_stop()
        await super().shutdown(sockets=sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self.force_exit and self._app.grpc is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._app.grpc.cut)


class LoneServer(HttpServer):
    """The same, with which the server for gRPC begins too."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self._app.grpc is not None:
            await self._app.grpc.start()


def tune_process() -> None:
    """Sets what holds for the whole process that answers."""
    # What waits in the log's queue outlives many requests: the collector would walk it again and again
    # for the few cycles that asyncio leaves.
    gc.set_threshold(50_000, 20, 100)
    # A large request is read in a thread of its own: it hands the interpreter back this soon.
    sys.setswitchinterval(0.001)


def keep_loaded() -> None:
    """What is loaded by now is not looked at by the collector again: one of its whole rounds would halt every
    request for 50 ms. For a process that does nothing but serve; called once, before the first."""
    gc.collect()
    gc.freeze()


def uvicorn_config(app: App, grace: float) -> uvicorn.Config:
    """How uvicorn runs an application: only what is ours, on connections that are bounded."""
    config = uvicorn.Config(
        app,
        http=FastConnection,
        loop="auto",
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(grace),
    )
    config.load()
    # By itself it takes file names, and asks a terminal for the key's password.
    config.ssl = None if app.tls is None else app.tls.context
    return config
