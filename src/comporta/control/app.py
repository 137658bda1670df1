"""The application: its routes, closed by default, its description in OpenAPI, and what it refuses to read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

import comporta
from comporta.control.act_routes import ACT_ROUTES
from comporta.control.data_routes import DATA_ROUTES
from comporta.control.event_routes import follow_events
from comporta.control.guard import ACTION, MOST_WAITING, ProjectActs, ending_request, require_token
from comporta.control.health_routes import HEALTH_ROUTES
from comporta.control.job_routes import JOB_ROUTES
from comporta.control.operation_routes import OPERATION_ROUTES
from comporta.control.people_routes import PEOPLE_ROUTES
from comporta.control.read_routes import READ_ROUTES
from comporta.control.release_routes import RELEASE_ROUTES
from comporta.control.replies import on_comporta_error, on_fault, on_http_error
from comporta.control.token_routes import TOKEN_ROUTES
from comporta.control.upkeep_routes import UPKEEP_ROUTES
from comporta.control.webhook_routes import WEBHOOK_ROUTES
from comporta.errors import BadRequest, ComportaError
from comporta.http.admission import Admission
from comporta.http.limits import RequestLimits
from comporta.http.replies import Receive, Scope, Send, json_reply, start_message
from comporta.http.webhook import SeenWebhooks

_DESCRIPTION = (
    "Acts of a project over HTTP. Each route but those of health asks for a token that was made with "
    "`comporta token add NAME --action act`, and acts as the person who made it."
)
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
_ROUTES = (
    *READ_ROUTES, *DATA_ROUTES, *ACT_ROUTES, *RELEASE_ROUTES, *JOB_ROUTES,
    *OPERATION_ROUTES, *PEOPLE_ROUTES, *TOKEN_ROUTES, *UPKEEP_ROUTES,
)  # fmt: skip
MOST_BODY = 64 * 1024
"""Bytes of a request."""


def control_app(
    acts: ProjectActs,
    *,
    seen: Path,
    webhook_key: bytes | None = None,
    ask_look: Callable[[], None] = lambda: None,
    hosts: Sequence[str] | None = None,
) -> AsgiApp:
    """The ASGI application. seen: the file that remembers webhooks. ask_look: has the branch of `[code]`
    looked at. hosts: `Host` headers let in; None: loopback names only."""
    return only_from(control_routes(acts, seen=seen, webhook_key=webhook_key, ask_look=ask_look), hosts)


def control_routes(
    acts: ProjectActs,
    *,
    seen: Path,
    webhook_key: bytes | None = None,
    ask_look: Callable[[], None] = lambda: None,
) -> Litestar:
    """The routes alone, whatever host they are asked by."""
    state = State(
        {
            "acts": acts,
            "feeds": set(),
            "webhook_key": webhook_key,
            "webhooks": SeenWebhooks(seen),
            "ask_look": ask_look,
        }
    )
    return Litestar(
        [*_ROUTES, follow_events, *HEALTH_ROUTES, *WEBHOOK_ROUTES],
        state=state,
        guards=[require_token],
        middleware=[ending_request],
        exception_handlers={
            ComportaError: on_comporta_error,
            HTTPException: on_http_error,
            Exception: on_fault,
        },
        request_max_body_size=MOST_BODY,
        on_startup=[use_threads],
        openapi_config=OpenAPIConfig(
            title="Comporta: control",
            version=comporta.__version__,
            description=_DESCRIPTION,
            components=Components(
                security_schemes={
                    "token": SecurityScheme(type="http", scheme="bearer", bearer_format="cmp_…")
                }
            ),
            security=[{"token": []}],
            # As JSON alone, behind the same guard.
            openapi_router=Router(path="/openapi", route_handlers=[], opt={ACTION: "version.read"}),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        ),
        logging_config=None,
    )


async def use_threads() -> None:
    """Enough for all acts that may wait, and for feeds beside them; by default there are four more than
    cores."""
    executor = ThreadPoolExecutor(MOST_WAITING + 8, thread_name_prefix="comporta-act")
    asyncio.get_running_loop().set_default_executor(executor)


def only_from(app: Any, hosts: Sequence[str] | None) -> AsgiApp:
    """The application, asked by the hosts that may, and by no web page of another site."""
    admission = Admission(RequestLimits(body=MOST_BODY), hosts)

    async def let_in(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                admission.require_single(scope["headers"])
                admission.require_allowed_origin(dict(scope["headers"]))
            except BadRequest as error:
                reply = json_reply({"error": str(error)}, error.status)
                await send(start_message(reply))
                await send({"type": "http.response.body", "body": reply.body})
                return
        await app(scope, receive, send)

    return let_in
