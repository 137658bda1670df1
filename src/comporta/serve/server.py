"""A server in this process, until it is told to end."""

from __future__ import annotations

import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn

from comporta.errors import BadProject
from comporta.serve.app import App
from comporta.serve.fast_connection import FastConnection
from comporta.serve.request import ServeLimits
from comporta.serve.metric_sample import MetricSample
from comporta.serve.version_source import ObservationSink, VersionSource
from comporta.serve.tally import Tally

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_BACKLOG = 2048


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
    grace: float = 25.0,
    connections: int = 1000,
    tally: Tally | None = None,
    samples: Callable[[], Sequence[MetricSample]] = tuple,
    say: Callable[[str], None] = print,
) -> None:
    """Answers until SIGTERM or Ctrl-C; then ends what was begun and writes what was answered.

    port 0: any that is free. grace: seconds for requests to end. connections: at once; more get 503.
    The rest as in `App`. Raises BadProject when the address cannot be taken.
    """
    if hosts is None and host not in LOOPBACK:
        hosts = ("*",)
    app = App(
        source,
        sink,
        key=key,
        durable=durable,
        flush=flush,
        poll=poll,
        limits=limits,
        hosts=hosts,
        tally=tally,
        samples=samples,
        say=say,
    )
    listener = _listen(host, port)
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{listener.getsockname()[1]}"
    models = sorted(source.routes())
    tried = f"v2/models/{models[0]}" if models else "v2/health/ready"
    say(f"Comporta serves on {url}. Try: curl -s {url}/{tried}")
    if host not in LOOPBACK:
        say("Whoever reaches this address may ask and give feedback: keep it behind your own network's door.")
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
        limit_concurrency=connections,
        timeout_graceful_shutdown=int(grace),
    )
    # What waits in the log's queue outlives many requests: the collector would walk it again and again
    # for the few cycles that asyncio leaves.
    gc.set_threshold(50_000, 20, 100)
    with _quiet_end():
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or "a port is a number from 0 to 65535"
        raise BadProject(f"{host}:{port}: cannot listen there ({why}). Choose another with --port.") from None
    listener.listen(_BACKLOG)
    return listener


@contextmanager
def _quiet_end() -> Iterator[None]:
    """uvicorn drains on a signal, then raises it again: an ordered end is not a failure."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def nothing(number: int, frame: Any) -> None:
        return None

    before = {number: signal.signal(number, nothing) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
