"""`comporta serve`: answer requests with what is released."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.exposed import tell_exposed
from comporta.cli.options import Where, between
from comporta.cli.words import words as say

if TYPE_CHECKING:
    from comporta.opened.project import OpenProject


def serve(
    *,
    host: Annotated[
        str, Parameter(help="The address to listen at; 0.0.0.0 for every one.", show_default=True)
    ] = "127.0.0.1",
    port: Annotated[
        int, Parameter(help="The port to listen at.", show_default=True, validator=between(0, 65535))
    ] = 8080,
    durable: Annotated[
        bool, Parameter(help="Answer only once the prediction is on disk; slower, and none is ever lost.")
    ] = False,
    tokens: Annotated[bool, Parameter(help=say.ASK_TOKENS)] = False,
    workers: Annotated[int | None, Parameter(help=say.WORKERS, validator=between(1, 256))] = None,
    connections: Annotated[
        int, Parameter(help=say.CONNECTIONS, show_default=True, validator=between(1, 1_000_000))
    ] = 1000,
    max_body: Annotated[str, Parameter(help=say.MAX_BODY, show_default=True)] = "16MiB",
    tls_cert: Annotated[Path | None, Parameter(help=say.TLS_CERT)] = None,
    tls_key: Annotated[Path | None, Parameter(help=say.TLS_KEY)] = None,
    access_log: Annotated[Path | None, Parameter(help=say.ACCESS_LOG)] = None,
    otel: Annotated[bool, Parameter(help=say.OTEL, negative="")] = False,
    grpc: Annotated[int | None, Parameter(help=say.GRPC, validator=between(0, 65535))] = None,
    max_partition: Annotated[str, Parameter(help=say.MAX_PARTITION, show_default=True)] = "24h",
    await_release: Annotated[bool, Parameter(help=say.AWAIT_RELEASE, negative="")] = False,
    no_steer: Annotated[bool, Parameter(help=say.PLAN_NO_STEER, negative="")] = False,
    project: Where = None,
) -> None:
    """Answer requests with what is released, until interrupted. Releases and rollbacks are followed at once.

    It speaks the Open Inference Protocol v2 (POST /v2/models/MODEL/infer), MLflow's POST /invocations,
    POST /feedback for labels, and GET /health. Where others than this machine reach the address, each request
    must show a token: comporta token add NAME.
    """
    from comporta.acts.serve.server_options import server_options
    from comporta.acts.serve.worker_count import default_workers
    from comporta.opened.deployed import open_to_serve

    options = server_options(
        access_log=access_log, certificate=tls_cert, key=tls_key, otel=otel, connections=connections,
        max_body=max_body, grpc=grpc, max_partition=max_partition,
    )  # fmt: skip
    count = workers or default_workers()
    with open_to_serve(project, works=count == 1) as opened, beside(opened, steers=not no_steer):
        tell_exposed(opened)
        if count == 1:
            from comporta.acts.serve.serving import serve as served

            served(
                opened, host=host, port=port, durable=durable, tokens=tokens, options=options,
                await_release=await_release,
            )  # fmt: skip
        else:
            from comporta.acts.serve.workers import serve_with_workers

            serve_with_workers(
                opened, count, host=host, port=port, durable=durable, tokens=tokens, options=options,
                await_release=await_release,
            )  # fmt: skip


def beside(opened: OpenProject, *, steers: bool) -> AbstractContextManager[object]:
    """What carries release plans out as long as this server runs, where it is to."""
    from comporta.acts.rollout.companion import Companion

    alone = opened.settings.ledger.startswith("memory:")  # which no other process sees
    return (
        Companion(opened, opened.file or opened.home, show.aside) if steers and not alone else nullcontext()
    )
