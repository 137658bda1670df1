"""A store in this process: for tests, and for trying things out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from comporta.errors import NotFound
from comporta.store.names import require_object_name, require_prefix
from comporta.store.protocol import StoredObject

_numbers = count(1)


class MemoryStore:
    """Bytes in a dict. clock: when an object is put; the wall clock unless told."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.url = f"memory://{next(_numbers)}"
        self._clock = clock
        self._held: dict[str, tuple[bytes, datetime]] = {}
        self._lock = threading.Lock()

    def put(self, name: str, data: bytes | Path) -> bool:
        content = data.read_bytes() if isinstance(data, Path) else bytes(data)
        with self._lock:
            held = self._held.get(require_object_name(name))
            self._held[name] = (content if held is None else held[0], self._clock())
        return held is None

    def get(self, name: str) -> bytes:
        try:
            return self._held[require_object_name(name)][0]
        except KeyError:
            raise NotFound(f"{name}: not in the store {self.url}. Run again, or restore a backup.") from None

    def delete(self, name: str) -> None:
        with self._lock:
            self._held.pop(require_object_name(name), None)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        require_prefix(prefix)
        with self._lock:
            held = sorted((name, *kept) for name, kept in self._held.items() if name.startswith(prefix))
        for name, content, at in held:
            yield StoredObject(name=name, size=len(content), at=at)
