"""What is asked of a server, put together from a person's words."""

from __future__ import annotations

from pathlib import Path

from comporta.serve.access_log import STANDARD_OUTPUT
from comporta.serve.server_options import ServerOptions


def server_options(
    *,
    access_log: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    otel: bool = False,
    connections: int = 1000,
) -> ServerOptions:
    """With paths that are the same in every process."""
    return ServerOptions(
        access_log=None if access_log is None else _target(access_log),
        certificate=None if certificate is None else str(certificate.absolute()),
        key=None if key is None else str(key.absolute()),
        otel=otel,
        connections=connections,
    )


def _target(file: Path) -> str:
    return STANDARD_OUTPUT if str(file) == STANDARD_OUTPUT else str(file.absolute())
