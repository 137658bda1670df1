"""Replies over HTTP, and the ASGI types that carry them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

JSON = b"application/json"
JSON_ONLY: Headers = ((b"content-type", JSON),)
TEXT: Headers = ((b"content-type", b"text/plain; charset=utf-8"),)
HTML: Headers = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
)
CLOSING: Headers = ((b"connection", b"close"),)
RETRY_SOON: Headers = ((b"retry-after", b"1"),)


class Reply(msgspec.Struct, gc=False):
    """One answer over HTTP."""

    status: int
    body: bytes
    headers: Headers = JSON_ONLY


def json_reply(value: Any, status: int = 200) -> Reply:
    """A reply with this value as JSON."""
    return Reply(status, msgspec.json.encode(value))


def start_message(reply: Reply) -> dict[str, Any]:
    """What ASGI sends first: the status, the headers and the body's length."""
    return {
        "type": "http.response.start",
        "status": reply.status,
        "headers": [*reply.headers, (b"content-length", b"%d" % len(reply.body))],
    }
