"""A store in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from comporta.errors import NotFound
from comporta.store import StoredObject
from comporta.store.names import require_object_name, require_prefix

END = ".db"


class OneFile:
    """Bytes by name in a table. below: the part of a project, as the beginning of its names."""

    def __init__(self, file: Path, below: str = "") -> None:
        self._file, self._below = file, below
        self.url = f"onefile://{file.resolve()}" + (f"/{below.rstrip('/')}" if below else "")
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, bytes BLOB, at TEXT)")

    def _open(self) -> sqlite3.Connection:
        found = sqlite3.connect(self._file, timeout=60)
        found.execute("PRAGMA synchronous = FULL")
        return found

    def put(self, name: str, data: bytes | Path) -> bool:
        name = self._below + require_object_name(name)
        at = datetime.now(UTC).isoformat()
        content = data.read_bytes() if isinstance(data, Path) else bytes(data)
        with closing(self._open()) as database, database:
            new = database.execute(
                "INSERT OR IGNORE INTO kept VALUES (?, ?, ?)", (name, content, at)
            ).rowcount
            if not new:
                database.execute("UPDATE kept SET at = ? WHERE name = ?", (at, name))
        return bool(new)

    def get(self, name: str) -> bytes:
        with closing(self._open()) as database:
            found = database.execute(
                "SELECT bytes FROM kept WHERE name = ?", (self._below + require_object_name(name),)
            ).fetchone()
        if found is None:
            raise NotFound(f"{name}: not in the store {self.url}. Run again, or restore a backup.")
        return bytes(found[0])

    def delete(self, name: str) -> None:
        with closing(self._open()) as database, database:
            database.execute("DELETE FROM kept WHERE name = ?", (self._below + require_object_name(name),))

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        require_prefix(prefix)
        start = self._below + prefix
        with closing(self._open()) as database:
            rows = database.execute(
                "SELECT name, length(bytes), at FROM kept WHERE substr(name, 1, ?) = ? ORDER BY name",
                (len(start), start),
            ).fetchall()
        for name, size, at in rows:
            yield StoredObject(name=name[len(self._below) :], size=size, at=datetime.fromisoformat(at))


def opened(url: str, root: Path, config: Mapping[str, str]) -> OneFile:
    """The store at `onefile://PATH.db`, or a part of it at `onefile://PATH.db/BELOW`."""
    path, _, below = url.partition("://")[2].partition(END)
    below = below.strip("/")
    return OneFile(root / f"{path}{END}", f"{below}/" if below else "")
