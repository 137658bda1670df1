"""Whether the process lives, and whether it can do what it is for."""

from __future__ import annotations

import asyncio

from litestar import Response, get

from comporta.control.guard import ACTION
from comporta.control.read_routes import HttpRequest, acts_of
from comporta.control.replies import json_response
from comporta.errors import ComportaError


@get("/live", opt={ACTION: "open"}, summary="Whether the process answers")
async def tell_live() -> Response[bytes]:
    """200 while it answers at all."""
    return json_response({"live": True})


@get("/ready", opt={ACTION: "open"}, summary="Whether the ledger can be read")
async def tell_ready(request: HttpRequest) -> Response[bytes]:
    """503 while the ledger cannot be read, or the process ends."""
    acts = acts_of(request)
    try:
        await asyncio.get_running_loop().run_in_executor(acts.admitting, acts.head)
        ready = not acts.stopping
    except ComportaError:
        ready = False
    return json_response({"ready": ready}, 200 if ready else 503)


HEALTH_ROUTES = (tell_live, tell_ready)
