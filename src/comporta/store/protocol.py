"""What a store is: bytes by name, complete or absent, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from comporta.records.record import Record


class StoredObject(Record, frozen=True, kw_only=True):
    """One object in a store. size: bytes. at: when it was last put, or asked to be put again; UTC."""

    name: str
    size: int
    at: datetime


class Store(Protocol):
    """Bytes by name. Names are relative, `/`-separated, of `[A-Za-z0-9._-]` parts; others are refused.

    `url` says where it is: `file:///…`, `memory://…`, `s3://…`; readers such as polars may scan
    `url + "/" + name` where the scheme is one they know.
    """

    url: str

    def put(self, name: str, data: bytes | Path) -> bool:
        """True once the bytes (or the file's, which is moved or copied) are there for good: a reader
        sees all of them or nothing, and power loss keeps them. False, changing nothing, when the name is
        taken. Raises StorageFull."""

    def get(self, name: str) -> bytes:
        """The bytes. Raises NotFound."""

    def delete(self, name: str) -> None:
        """Gone, also when it was not there."""

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Entries whose name starts with `prefix`, in order of name."""
