"""Signed webhooks: whoever pushes to the project's branch has it looked at now."""

from __future__ import annotations

import time
from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.params import Body

from comporta.control.guard import ACTION
from comporta.control.replies import json_response
from comporta.errors import NotFound
from comporta.http.webhook import SeenWebhooks, require_webhook


@post(
    "/webhooks/code",
    opt={ACTION: "open"},  # by its signature
    status_code=202,
    summary="Look at the branch that `[code]` follows, now",
)
async def look_at_code(
    request: Request[Any, Any, Any],
    body: Annotated[bytes, Body(description="Whatever the sender says; its signature covers it.")],
) -> Response[bytes]:
    """Headers `webhook-id`, `webhook-timestamp` and `webhook-signature` as Standard Webhooks has them."""
    key: bytes | None = request.app.state.webhook_key
    seen: SeenWebhooks = request.app.state.webhooks
    if key is None:
        raise NotFound('no webhooks are taken here: set webhook_secret = "env://NAME" in comporta.toml.')
    headers = {name.lower(): value for name, value in request.headers.items()}
    now = int(time.time())
    id, timestamp = require_webhook(key, headers, body, now)
    seen.take(id, timestamp, now)
    request.app.state.ask_look()
    return json_response({"looks": True}, 202)


WEBHOOK_ROUTES = (look_at_code,)
