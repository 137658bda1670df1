"""What an installed distribution says of itself: the head of its METADATA, without the page that follows it.

`importlib.metadata` parses the whole of it each time that one thing is asked, and the page is most of it.
"""

from __future__ import annotations

from email import message_from_string
from importlib import metadata
from typing import NamedTuple


class DistributionHead(NamedTuple):
    """name, version: as it writes them. requires: each `Requires-Dist`. extras: each `Provides-Extra`."""

    name: str
    version: str
    requires: tuple[str, ...]
    extras: tuple[str, ...]


def head_of(distribution: metadata.Distribution) -> DistributionHead:
    """The head; of a distribution without METADATA what `importlib.metadata` makes of it."""
    text = distribution.read_text("METADATA")
    if not text:
        whole = distribution.metadata
        extras = whole.get_all("Provides-Extra") or ()
        return DistributionHead(
            whole["Name"], whole["Version"], tuple(distribution.requires or ()), tuple(extras)
        )
    head = message_from_string(text.partition("\n\n")[0] + "\n\n")
    requires, extras = head.get_all("Requires-Dist") or (), head.get_all("Provides-Extra") or ()
    return DistributionHead(head["Name"], head["Version"], tuple(requires), tuple(extras))
