"""What makes the body of an older schema one of the next: facts that are stored never change.

A fact whose fields get another meaning gets schema + 1 and an entry here; a released entry never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


def _released_1(body: dict[str, Any]) -> dict[str, Any]:
    """Shares had no roles: the first of the largest was the champion, and the one before it was retired."""
    release = body["release"]
    shares = release["shares"]
    largest = max(range(len(shares)), key=lambda place: shares[place]["weight"])
    named = [
        {**share, "role": "champion" if place == largest else "challenger"}
        for place, share in enumerate(shares)
    ]
    left = {release["previous"]} - {None} - {share["version"] for share in shares}
    return {**body, "release": {**release, "shares": named, "retired": sorted(left)}}


def _as_it_is(body: dict[str, Any]) -> dict[str, Any]:
    """A name or a text stands where an id, an artifact or a code may: both are read."""
    return body


UPCASTS: Mapping[tuple[str, int], Upcast] = {
    ("run.ended", 1): _as_it_is,
    ("version.approved", 1): _as_it_is,
    ("version.waived", 1): _as_it_is,
    ("version.released", 1): _released_1,
}
"""(kind, schema) → what makes that body one of schema + 1."""
