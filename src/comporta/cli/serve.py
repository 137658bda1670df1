"""`comporta serve`: answer requests with what is released."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from comporta.cli.exposed import tell_exposed
from comporta.cli.options import Where, between


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
    project: Where = None,
) -> None:
    """Answer requests with what is released, until interrupted. Releases and rollbacks are followed at once.

    It speaks the Open Inference Protocol v2 (POST /v2/models/MODEL/infer), MLflow's POST /invocations,
    POST /feedback for labels, and GET /health.
    """
    from comporta.acts.serve.serving import serve as served
    from comporta.opened.project import open_project

    with open_project(project, works=True) as opened:
        tell_exposed(opened)
        served(opened, host=host, port=port, durable=durable)
