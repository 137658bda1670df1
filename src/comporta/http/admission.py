"""Which requests are accepted: by the Host and Origin they name, and by the size of their body and what it
holds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from comporta.errors import BadRequest
from comporta.http.body import SMALL, BodyBudget, HeldBody, MostValues, Unpacker, ValueCounter
from comporta.http.limits import RequestLimits, late_body
from comporta.http.replies import Receive

LOOPBACK_HOST = re.compile(rb"(?i)(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?")
_REMEMBERED = 64
# Headers on whose second value a server and a proxy before it could disagree.
_SINGLE = frozenset(
    {b"host", b"origin", b"authorization", b"content-type", b"content-encoding", b"content-length",
     b"inference-header-content-length", b"transfer-encoding"}
)  # fmt: skip


class Admission:
    """The rules of one server. hosts: `Host` headers let in; None: loopback names only; `*`: any."""

    def __init__(self, limits: RequestLimits, hosts: Sequence[str] | None) -> None:
        self.limits = limits
        self._hosts = None if hosts is None else {host.lower().encode() for host in hosts}
        self._friends: set[bytes] = set()
        self._budget = BodyBudget(limits.bodies)

    def require_single(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Raises BadRequest for a header given twice of which there can be one. Names are in lower case."""
        seen = set()
        for name, _ in headers:
            if name in seen and name in _SINGLE:
                raise BadRequest(f"found the header {name.decode()} twice, expected it once.")
            seen.add(name)

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
        """Raises BadRequest for a body that says it will be too long, or comes in a form that is not read."""
        if headers.get(b"transfer-encoding", b"chunked").strip().lower() != b"chunked":
            raise BadRequest("transfer encoding: expected none but chunked.")
        length = headers.get(b"content-length")
        if length is not None and (
            len(length) > 12 or not length.isdigit() or int(length) > self.limits.body
        ):
            raise self._too_long()

    def held_body(self) -> HeldBody:
        """Room for a body, to be released when its request is answered."""
        return HeldBody(self._budget)

    async def read_body(
        self, headers: dict[bytes, bytes], receive: Receive, most: MostValues, held: HeldBody
    ) -> bytes:
        """The whole body, unpacked. most: what it may hold. Raises BadRequest."""
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await self._read(headers.get(b"content-encoding"), receive, most, held)
        except TimeoutError:
            raise BadRequest(late_body(self.limits.seconds), 408) from None

    async def _read(
        self, encoding: bytes | None, receive: Receive, most: MostValues, held: HeldBody
    ) -> bytes:
        unpacker = None if encoding in (None, b"identity") else Unpacker(encoding or b"")
        counter, pieces, size, sent = ValueCounter(most), list[bytes](), 0, 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise BadRequest("the connection ended before the body did.")
            data, more = message.get("body", b""), message.get("more_body", False)
            sent += len(data)
            if sent > self.limits.body:
                raise self._too_long()
            if not (more or pieces or unpacker) and sent <= SMALL:
                return bytes(data)
            for piece in (data,) if unpacker is None else unpacker.pieces(data):
                size += len(piece)
                if size > self.limits.body:
                    raise self._too_long()
                if size > SMALL:
                    held.grow(size)
                counter.see(piece)
                pieces.append(piece)
                if unpacker is not None:
                    await asyncio.sleep(0)  # others are answered between the pieces
            if not more:
                break
        if unpacker is not None:
            unpacker.end()
        return b"".join(pieces)

    def _too_long(self) -> BadRequest:
        return BadRequest(
            f"the body: expected at most {self.limits.body} bytes. Send the rows in parts.", 413
        )
