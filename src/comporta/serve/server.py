"""A server in this process, until it is told to end."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping, Sequence

import uvicorn

from comporta.http.listening import LOOPBACK_ADDRESSES, ignoring_repeated_signals, listen, url_of
from comporta.serve.app import App
from comporta.serve.fast_connection import FastConnection
from comporta.serve.metric_sample import MetricSample
from comporta.serve.request import ServeLimits
from comporta.serve.serving_state import ServingState
from comporta.serve.tally import Tally
from comporta.serve.version_source import ObservationSink, VersionSource


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
    on_ready: Callable[[str, Mapping[str, str]], None] = lambda url, failed: None,
    say: Callable[[str], None] = print,
) -> None:
    """Answers until SIGTERM or Ctrl-C; then ends what was begun and writes what was answered.

    port 0: any that is free. grace: seconds for requests to end. connections: at once; more get 503.
    on_ready: called once, when each release was loaded or has failed, with the address and, by model, why
    it cannot be served.
    The rest as in `App`. Raises BadProject when the address cannot be taken.
    """
    if hosts is None and host not in LOOPBACK_ADDRESSES:
        hosts = ("*",)
    listener = listen(host, port)
    url = url_of(listener, host)
    models = sorted(source.routes())
    tried = f"v2/models/{models[0]}" if models else "v2/health/ready"

    def begin(serving: ServingState) -> None:
        _greet(say, url, tried, host)
        on_ready(url, {model: failed.reason for model, failed in serving.failed.items()})

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
        on_first_look=begin,
        say=say,
    )
    # What waits in the log's queue outlives many requests: the collector would walk it again and again
    # for the few cycles that asyncio leaves.
    gc.set_threshold(50_000, 20, 100)
    # A large request is read in a thread of its own: it hands the interpreter back this soon.
    sys.setswitchinterval(0.001)
    with ignoring_repeated_signals():
        uvicorn.Server(uvicorn_config(app, connections, grace)).run(sockets=[listener])


def _greet(say: Callable[[str], None], url: str, tried: str, host: str) -> None:
    say(f"Comporta serves on {url}. Try: curl -s {url}/{tried}")
    if host not in LOOPBACK_ADDRESSES:
        say("Anyone who can reach this address can send requests and feedback: there is no authentication.")


def uvicorn_config(app: App, connections: int, grace: float) -> uvicorn.Config:
    """How uvicorn runs an application: only what is ours, on connections that are bounded."""
    return uvicorn.Config(
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
