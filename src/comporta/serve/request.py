"""One request to the server, and errors in the form that its protocol gives them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from comporta.errors import BadRequest
from comporta.http.replies import JSON_ONLY, Headers, Reply
from comporta.http.token_gate import Bearer
from comporta.serve.invocations import CODES
from comporta.serve.paths import MatchedPath
from comporta.serve.version_parts import VersionPart


class Request(msgspec.Struct, gc=False):
    """One request, its body read. at: nanoseconds since 1970. bearer: the token it showed, where one is asked
    for. traceparent: the trace that it is part of. query: what stands behind the path's `?`, as it came.

    parts: the rows of it that each arm is to answer, once that is known; of one that failed, those that did.
    Once it is answered, ids: of its predictions; took: nanoseconds that its models took.
    """

    path: MatchedPath
    headers: dict[bytes, bytes]
    body: bytes
    at: int
    bearer: Bearer | None = None
    traceparent: str | None = None
    query: bytes = b""
    parts: Sequence[VersionPart] = ()
    ids: Sequence[str] = ()
    took: int = 0


def error_reply(status: int, message: str, protocol: str, headers: Headers = ()) -> Reply:
    """An error in the form of its protocol, `v2`, `mlflow` or `grpc`: there the body is the message alone."""
    if protocol == "grpc":
        return Reply(status, message.encode(), headers)
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
    require_json(request)
    return None


def require_json(request: Request) -> None:
    """Raises BadRequest, 415, for a body of another type. Clients of these protocols may name none at all."""
    kind = request.headers.get(b"content-type")
    if kind is None or kind == b"application/json":
        return
    if kind.partition(b";")[0].strip().lower() not in (b"application/json", b""):
        raise BadRequest("content type: expected application/json.", 415)
