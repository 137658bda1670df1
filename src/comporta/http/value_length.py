"""How long the value is that a body is in the midst of.

A decoder keeps the interpreter for as long as it works on one text or number, and nobody else is answered
meanwhile: so a huge one is refused while it comes, before anything decodes it.
"""

from __future__ import annotations

from comporta.errors import BadRequest, wording

VALUE_BYTES = 2**20
"""What is decoded in a few milliseconds."""
_STRIDE = 64 * 1024
_TOO_LONG = wording(f"the body: found a value of more than {VALUE_BYTES // 2**20} MB.")


class ValueLength:
    """Follows a body piece by piece. quoted: texts stand in quotes as JSON has them, and hold commas and line
    ends; else a comma or a line end ends every value, as far as it goes for CSV."""

    def __init__(self, *, quoted: bool) -> None:
        self._quoted = quoted
        self._inside = self._escaped = False
        self._length = 0

    def see(self, piece: bytes) -> None:
        """Raises BadRequest with status 413 once a value is longer than `VALUE_BYTES` and a piece more."""
        for start in range(0, len(piece), _STRIDE):
            part = piece[start : start + _STRIDE]
            if self._quoted:
                self._see_json(part)
            else:
                self._grow(part)

    def _see_json(self, piece: bytes) -> None:
        text = self._without_escapes(piece)
        first = text.find(b'"')
        if first < 0:
            self._grow(text)
            return
        self._grow(text[:first])
        # What stands between the first and the last quote is shorter than a stride.
        self._inside ^= text.count(b'"') % 2 == 1
        self._length = 0
        self._grow(text[text.rfind(b'"') + 1 :])

    def _without_escapes(self, piece: bytes) -> bytes:
        """As many bytes, in which every quote begins or ends a text."""
        if not self._escaped and b"\\" not in piece:
            return piece
        text = (b"_" + piece[1:] if self._escaped else piece).replace(b"\\\\", b"__")
        self._escaped = text.endswith(b"\\")
        return text.replace(b'\\"', b"__")

    def _grow(self, part: bytes) -> None:
        ends = () if self._inside else tuple(at for at in (part.find(b","), part.find(b"\n")) if at >= 0)
        self._length += min(ends, default=len(part))
        if self._length > VALUE_BYTES:
            raise BadRequest(_TOO_LONG, 413)
        if ends:
            self._length = len(part) - 1 - max(part.rfind(b","), part.rfind(b"\n"))


def require_short_value(size: int) -> None:
    """Raises BadRequest with status 413 for a value of so many bytes, where its length is told before it."""
    if size > VALUE_BYTES:
        raise BadRequest(_TOO_LONG, 413)
