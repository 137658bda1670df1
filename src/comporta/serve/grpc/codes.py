"""What gRPC calls the errors that HTTP has numbers for.

Codes: github.com/grpc/grpc, `doc/statuscodes.md`. Pushback: grpc/proposal A6, "Pushback".
"""

from __future__ import annotations

from comporta.http.replies import Reply

OK, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, PERMISSION_DENIED = 0, 3, 4, 5, 7
RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, UNAUTHENTICATED = 8, 12, 13, 14, 16
_CODES = {
    200: OK, 401: UNAUTHENTICATED, 403: PERMISSION_DENIED, 404: NOT_FOUND, 408: DEADLINE_EXCEEDED,
    429: RESOURCE_EXHAUSTED, 500: INTERNAL, 501: UNIMPLEMENTED, 503: UNAVAILABLE,
}  # fmt: skip


def code_of(status: int) -> int:
    """The code of an HTTP status. One that is refused for its size is INVALID_ARGUMENT: clients ask again
    where something is exhausted, and it would not become smaller."""
    return _CODES.get(status, INVALID_ARGUMENT if status < 500 else INTERNAL)


def trailing_metadata(reply: Reply) -> tuple[tuple[str, str], ...]:
    """What follows an answer: its headers but for the type of its body; `retry-after` in milliseconds too,
    as clients of gRPC wait by themselves."""
    found = []
    for name, value in reply.headers:
        if name == b"content-type":
            continue
        found.append((name.decode(), value.decode("latin-1")))
        if name == b"retry-after":
            found.append(("grpc-retry-pushback-ms", str(int(value) * 1000)))
    return tuple(found)
