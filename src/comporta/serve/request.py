"""What goes in and out of the application: requests, replies, and refusals in the shape of their protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from comporta.errors import BadRequest
from comporta.serve.invocations import CODES
from comporta.serve.paths import MatchedPath
from comporta.serve.v2 import JSON_ONLY, Headers

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

TEXT: Headers = ((b"content-type", b"text/plain; charset=utf-8"),)
LATER: Headers = ((b"retry-after", b"1"),)


class ServeLimits(msgspec.Struct, frozen=True):
    """What a client may ask. body: bytes. rows: in one request. seconds: for a body to arrive.

    queue: long calls that may wait; more are told to come again.
    """

    body: int = 16 * 2**20
    rows: int = 10_000
    seconds: float = 30.0
    queue: int = 64


class Reply(msgspec.Struct, gc=False):
    """One answer over HTTP."""

    status: int
    body: bytes
    headers: Headers = JSON_ONLY


class Request(msgspec.Struct, gc=False):
    """One request, its body read. at: nanoseconds since 1970."""

    found: MatchedPath
    headers: dict[bytes, bytes]
    body: bytes
    at: int


def json_reply(value: Any, status: int = 200) -> Reply:
    """A reply of this value."""
    return Reply(status, msgspec.json.encode(value))


def error_reply(status: int, message: str, shape: str, headers: Headers = ()) -> Reply:
    """An error as its protocol has it."""
    if shape == "mlflow":
        code = CODES.get(status, "BAD_REQUEST" if status < 500 else "INTERNAL_ERROR")
        body: dict[str, str] = {"error_code": code, "message": message}
    else:
        body = {"error": message}
    return Reply(status, msgspec.json.encode(body), JSON_ONLY + headers)


def json_size(request: Request) -> int | None:
    """How much of a v2 body is JSON, where binary tensors follow. Raises BadRequest, 415 for another type."""
    text = request.headers.get(b"inference-header-content-length")
    if text is not None:
        if not text.isdigit() or len(text) > 12 or not 0 < int(text) <= len(request.body):
            raise BadRequest(
                f"Inference-Header-Content-Length: expected the size of the JSON, 1 to {len(request.body)}. "
                "A body of raw tensors alone is not taken."
            )
        return int(text)
    kind = request.headers.get(b"content-type")
    if kind == b"application/json":
        return None
    # Clients of this protocol may send no type at all.
    if kind is not None and kind.partition(b";")[0].strip().lower() not in (b"application/json", b""):
        raise BadRequest("content type: expected application/json.", 415)
    return None
