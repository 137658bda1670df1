"""Bytes under the name of their own digest: damaged ones are put right by whoever makes them again."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from blake3 import blake3

from comporta.errors import NotFound
from comporta.store.keys import Keys, digest
from comporta.store.protocol import Store
from comporta.store.shared import SharedStore
from comporta.store.space import ARTIFACTS

PIECE = 1 << 20


def put_whole(store: Store, keys: Keys, name: str, id: str, data: bytes | Path) -> None:
    """These bytes, or this file's (which is moved or copied), under a name. id: their keyed digest.

    Bytes that lie there already are read, and replaced where they are others. Raises StorageFull.
    """
    if store.put(name, data):
        return
    try:
        if digest_of(store, keys, name) == id:
            return
        store.delete(name)
    except NotFound:
        pass  # deleted since
    store.put(name, data)


def digest_of(store: Store, keys: Keys, name: str) -> str:
    """The keyed digest of what lies under a name. Raises NotFound."""
    if isinstance(store, SharedStore) and name.startswith(ARTIFACTS):
        store = store.whole
    parts = urlsplit(store.url)
    if parts.scheme != "file":
        return digest(keys.content, store.get(name))
    try:
        return file_digest(keys, Path(unquote(parts.path)) / name)[0]
    except FileNotFoundError:
        raise NotFound(f"{name}: not in the store {store.url}.") from None


def file_digest(keys: Keys, path: Path) -> tuple[str, int]:
    """A file's keyed digest and its size in bytes, a piece at a time: it may be larger than memory."""
    # Read, not mapped: mapped pages would count as this process's memory.
    hasher, size = blake3(key=keys.content), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            hasher.update(piece)
            size += len(piece)
    return hasher.hexdigest(), size
