"""What is asked of a server, put together from a person's words."""

from __future__ import annotations

from pathlib import Path

from comporta.errors import BadProject
from comporta.records.byte_size import byte_size
from comporta.records.duration import duration
from comporta.serve.access_log import STANDARD_OUTPUT
from comporta.serve.server_options import ServerOptions

SMALLEST_BODY, LARGEST_BODY = 2**10, 2**30
SHORTEST_PARTITION = 10  # seconds


def server_options(
    *,
    access_log: Path | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    otel: bool = False,
    connections: int = 1000,
    max_body: str = "16MiB",
    grpc: int | None = None,
    max_partition: str = "24h",
) -> ServerOptions:
    """With paths that are the same in every process. max_body: as `byte_size` reads it. max_partition: as
    `duration` reads it. Raises BadProject."""
    try:
        body = byte_size(max_body)
    except BadProject as fault:
        raise BadProject(f"--max-body: {fault}") from None
    if not SMALLEST_BODY <= body <= LARGEST_BODY:
        raise BadProject(f"--max-body: found {max_body!r}, expected a size from 1KiB to 1GiB.")
    return ServerOptions(
        access_log=None if access_log is None else _target(access_log),
        certificate=None if certificate is None else str(certificate.absolute()),
        key=None if key is None else str(key.absolute()),
        otel=otel,
        connections=connections,
        body=body,
        grpc=grpc,
        partition=_partition(max_partition),
    )


def _partition(text: str) -> float:
    """Seconds. Raises BadProject."""
    try:
        found = duration(text).total_seconds()
    except BadProject as fault:
        raise BadProject(f"--max-partition: {fault}") from None
    if found < SHORTEST_PARTITION:
        raise BadProject(
            f"--max-partition: found {text!r}, expected at least {SHORTEST_PARTITION}s: a ledger may be busy "
            "for as long."
        )
    return found


def _target(file: Path) -> str:
    return STANDARD_OUTPUT if str(file) == STANDARD_OUTPUT else str(file.absolute())
