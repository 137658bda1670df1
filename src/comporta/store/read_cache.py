"""What a process has read, held for whoever reads it next: so many bytes, the oldest given up first.

Whoever takes from here asks `is_kept` first: what was deleted is read by nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

MOST = 256 << 20


class ByteLimitedCache:
    """Things by name. most: bytes of all together; one that is larger is not held."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._things: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, name: str) -> Any | None:
        """The thing, now the newest."""
        with self._lock:
            if name not in self._things:
                return None
            self._things.move_to_end(name)
            return self._things[name][0]

    def put(self, name: str, thing: Any, size: int) -> None:
        """As the newest. size: bytes."""
        with self._lock:
            self._things[name] = thing, size
            self._things.move_to_end(name)
            while sum(size for _, size in self._things.values()) > self._most:
                self._things.popitem(last=False)

    def clear(self) -> None:
        """Gives up all."""
        with self._lock:
            self._things.clear()


READ_CACHE = ByteLimitedCache()
"""Of this process, by the digest of the artifact: frames and models."""
