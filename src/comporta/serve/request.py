"""One request to the server, and errors in the form that its protocol gives them."""

from __future__ import annotations

import msgspec

from comporta.errors import BadRequest
from comporta.http.limits import RequestLimits
from comporta.http.replies import JSON_ONLY, Headers, Reply
from comporta.serve.invocations import CODES
from comporta.serve.paths import MatchedPath


class ServeLimits(RequestLimits, frozen=True):
    """What a client may send. rows: in one request. queue: long calls that may wait; further ones get 503."""

    rows: int = 10_000
    queue: int = 64


class Request(msgspec.Struct, gc=False):
    """One request, its body read. at: nanoseconds since 1970."""

    path: MatchedPath
    headers: dict[bytes, bytes]
    body: bytes
    at: int


def error_reply(status: int, message: str, protocol: str, headers: Headers = ()) -> Reply:
    """An error in the form of its protocol, `v2` or `mlflow`."""
    if protocol == "mlflow":
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
