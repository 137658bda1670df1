"""Which requests are accepted: by the Host and Origin they name, and by the size of their body."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from comporta.errors import BadRequest
from comporta.http.limits import RequestLimits
from comporta.http.replies import Receive

LOOPBACK_HOST = re.compile(rb"(?i)(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?")
_REMEMBERED = 64


class Admission:
    """The rules of one server. hosts: `Host` headers let in; None: loopback names only; `*`: any."""

    def __init__(self, limits: RequestLimits, hosts: Sequence[str] | None) -> None:
        self.limits = limits
        self._hosts = None if hosts is None else {host.lower().encode() for host in hosts}
        self._friends: set[bytes] = set()

    def require_allowed_origin(self, headers: dict[bytes, bytes]) -> None:
        """Raises BadRequest for what a web page of another site might have sent."""
        host, hosts = headers.get(b"host", b""), self._hosts
        if host not in self._friends:
            name = host.lower()
            if hosts is None:
                good = LOOPBACK_HOST.fullmatch(name) is not None
            else:
                good = b"*" in hosts or name in hosts or name.rpartition(b":")[0] in hosts
            if not good:
                raise BadRequest("the Host header names another server than this one.", 421)
            if len(self._friends) < _REMEMBERED:
                self._friends.add(host)
        if b"origin" in headers:
            raise BadRequest("found a request from a web page, which this server does not answer.", 403)

    def require_declared_size(self, headers: dict[bytes, bytes]) -> None:
        """Raises BadRequest for a body that says it will be too long."""
        length = headers.get(b"content-length")
        if length is not None and (
            len(length) > 12 or not length.isdigit() or int(length) > self.limits.body
        ):
            raise self._too_long()

    async def read_whole_body(
        self, body: bytes, headers: dict[bytes, bytes], message: dict[str, Any], receive: Receive
    ) -> bytes:
        """The whole body of a request that did not come in one piece. Raises BadRequest."""
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise BadRequest("content encoding: expected none; send the body as it is.", 415)
        pieces, size = [body], len(body)
        try:
            async with asyncio.timeout(self.limits.seconds):
                while size <= self.limits.body and message.get("more_body"):
                    message = await receive()
                    if message["type"] != "http.request":
                        raise BadRequest("the connection ended before the body did.")
                    pieces.append(message.get("body", b""))
                    size += len(pieces[-1])
        except TimeoutError:
            raise BadRequest(
                f"the body did not arrive within {self.limits.seconds:g} seconds.", 408
            ) from None
        if size > self.limits.body:
            raise self._too_long()
        return b"".join(pieces)

    def _too_long(self) -> BadRequest:
        return BadRequest(
            f"the body: expected at most {self.limits.body} bytes. Send the rows in parts.", 413
        )
