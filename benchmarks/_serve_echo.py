"""The least a server can do with a prediction request: read it as what it is, and write it again."""

from __future__ import annotations

from typing import Any

import msgspec


class Tensor(msgspec.Struct):
    """One input."""

    name: str
    shape: list[int]
    datatype: str
    data: list[float]


class Body(msgspec.Struct):
    """An Open Inference v2 request."""

    inputs: list[Tensor]


_decode, _encode = msgspec.json.Decoder(Body).decode, msgspec.json.Encoder().encode


async def app(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application: 200 with the same body."""
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    answer = _encode(_decode(body))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
