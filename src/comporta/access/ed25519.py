"""Whether 32 bytes are a key of Ed25519: a point of the curve, of the group in which signatures hold.

The library that verifies signatures takes any 32 bytes; by a point of small order anybody could sign.
"""

from __future__ import annotations

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T, where x = X/Z, y = Y/Z and xy = T/Z."""


def is_public_key(text: str) -> bool:
    """Whether these 64 hex digits are a key that somebody can have made (RFC 8032, section 5.1)."""
    point = _point_of(bytes.fromhex(text))
    return point is not None and not _is_neutral(point) and _is_neutral(_times(ORDER, point))


def _point_of(data: bytes) -> Point | None:
    """The point (RFC 8032, section 5.1.3), or None where there is none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(squared, (P + 3) // 8, P)
    if (x * x - squared) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - squared) % P or (x == 0 and sign):
        return None
    x = P - x if x % 2 != sign else x
    return x, y, 1, x * y % P


def _sum(one: Point, two: Point) -> Point:
    """RFC 8032, section 5.1.4."""
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _sum(total, point)
        point = _sum(point, point)
        number >>= 1
    return total


def _is_neutral(point: Point) -> bool:
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0
