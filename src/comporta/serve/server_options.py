"""What whoever runs a server asks of it beside its address."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from comporta.http.limits import MOST_CONNECTIONS
from comporta.http.tls import TlsFiles, tls_files
from comporta.records import Record
from comporta.serve.access_log import AccessLog
from comporta.serve.limits import ServeLimits

if TYPE_CHECKING:
    from comporta.serve.request_watch import RequestTracer


DAY = 24 * 3600.0


class ServerOptions(Record, frozen=True, kw_only=True):
    """access_log: a file, or `-` for standard output; None: none. certificate, key: PEM files; None: plain
    HTTP. otel: whether OpenTelemetry traces are sent. connections: of one process at once; more get 503.
    body: bytes of one request at most, unpacked; None: as many as `RequestLimits` says.
    grpc: the port for gRPC, 0 for any that is free; None: none. partition: seconds that it goes on answering
    while its ledger cannot be read."""

    access_log: str | None = None
    certificate: str | None = None
    key: str | None = None
    otel: bool = False
    connections: int = MOST_CONNECTIONS
    body: int | None = None
    grpc: int | None = None
    partition: float = DAY

    @property
    def scheme(self) -> str:
        """Of the server's URL."""
        return "http" if self.certificate is None else "https"


DEFAULT_OPTIONS = ServerOptions()


class ServerTools(NamedTuple):
    """The same, opened. access, tracer: as in `RequestWatch`. tls: renewed while the server runs."""

    tls: TlsFiles | None = None
    access: AccessLog | None = None
    tracer: RequestTracer | None = None


NO_TOOLS = ServerTools()


def open_options(options: ServerOptions, *, say: Callable[[str], None] = print) -> ServerTools:
    """Raises BadProject where a file is not as it must be, MissingExtra where OpenTelemetry or grpcio is not
    there."""
    if options.grpc is not None:
        from comporta.serve.grpc.server import require_grpcio

        require_grpcio()
    tls = tls_files(options.certificate, options.key, say=say)
    tracer = None
    if options.otel:
        from comporta.serve.otel_tracer import OtelTracer

        tracer = OtelTracer()
    access = None if options.access_log is None else AccessLog(options.access_log, say=say)
    return ServerTools(tls, access, tracer)


def limits_of(options: ServerOptions, limits: ServeLimits | None) -> ServeLimits:
    """The limits, how many connections there may be, and how large a body: one at least has room."""
    found = msgspec.structs.replace(
        limits or ServeLimits(), connections=options.connections, partition=options.partition
    )
    if options.body is None:
        return found
    return msgspec.structs.replace(found, body=options.body, bodies=max(found.bodies, options.body))


def require_options(options: ServerOptions) -> None:
    """Raises what `open_options` raises, for workers that are still to begin."""
    opened = open_options(options)
    if opened.access is not None:
        opened.access.close()
    if opened.tracer is not None:
        opened.tracer.close()
