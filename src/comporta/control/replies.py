"""What is answered: JSON as the command line prints it, and errors as one clear message with a status."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException

from comporta.errors import (
    BadProject,
    BadRequest,
    Busy,
    ComportaError,
    Forbidden,
    MissingExtra,
    NotFound,
    Refused,
    StorageFull,
)
from comporta.http.token_gate import QuotaReached
from comporta.opened.as_json import as_json
from comporta.records.credential import mask
from comporta.records.visible import visible_json

_STATUSES: tuple[tuple[type[ComportaError], int], ...] = (
    (Forbidden, 403), (NotFound, 404), (Refused, 409), (MissingExtra, 501), (BadProject, 400),
    (Busy, 503), (StorageFull, 507),
)  # fmt: skip
"""The first that an error is an instance of."""


NO_STORE = {"cache-control": "no-store"}
"""No cache between keeps what was for one token alone; a new token's text least of all."""


class ErrorReply(msgspec.Struct, frozen=True):
    """What an error is answered with."""

    error: str


def json_response(value: Any, status: int = 200) -> Response[bytes]:
    """A record, or anything made of records, with each code as its sentence and beside it the code itself."""
    text = visible_json(msgspec.json.encode(as_json(value)).decode())
    return Response(text.encode(), status_code=status, media_type="application/json", headers=NO_STORE)


def on_comporta_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A mistake that a person can act on."""
    if isinstance(error, BadRequest):
        status = error.status
    else:
        status = next((code for kind, code in _STATUSES if isinstance(error, kind)), 500)
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    if isinstance(error, QuotaReached):
        headers["retry-after"] = str(error.retry_after)
    return _error(mask(str(error)), status, headers)


def on_http_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """What Litestar refuses by itself: a path, a method, or a parameter of another type."""
    assert isinstance(error, HTTPException)
    # What was wrong with each parameter; not the values, which may be secrets.
    faults = [
        f"{each['key']}: {each['message']}"
        for each in (error.extra if isinstance(error.extra, list) else ())
        if isinstance(each, dict) and each.keys() >= {"key", "message"}
    ]
    text = "; ".join(faults) or str(error.detail)
    if error.status_code == 400 and request.method == "POST" and faults == ["data: 'data'"]:
        text = "found no body, expected a JSON object."
    return _error(text, error.status_code, dict(error.headers or {}))


def on_fault(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A fault of Comporta's: its kind and place go to the log, and no value, for that may be a person's."""
    if isinstance(error, RecursionError) and "acts" not in request.state:
        return _error("the body: found values nested more deeply than can be read.", 400, {})
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "somewhere"
    print(f"fault: {type(error).__name__} at {where}, asked by {request.method} of a route", flush=True)
    return _error("this is a fault in Comporta; the log of `comporta up` has its place.", 500, {})


def _error(text: str, status: int, headers: dict[str, str]) -> Response[bytes]:
    body = msgspec.json.encode(ErrorReply(error=text))
    return Response(body, status_code=status, media_type="application/json", headers=headers)
