"""What the objects of a dataset are called in a store, and how polars reaches them there."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from comporta.errors import BadProject, NotFound
from comporta.store import Store

# Schemes that polars scans by itself, with the credentials of the environment.
_SCANNED = ("s3", "gs", "gcs", "az", "azure", "abfs", "abfss")


def checked_name(dataset: str) -> str:
    """The name itself. Raises BadProject when it cannot name a folder."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", dataset):
        raise BadProject(
            f"dataset: found the name {dataset!r}, expected letters, digits, '.', '_' and '-', beginning "
            "with a letter or digit. Rename it in the project file."
        )
    return dataset


def object_name(dataset: str, id: str) -> str:
    return f"data/{dataset}/objects/{id[:2]}/{id}.parquet"


def manifest_name(dataset: str, version: str) -> str:
    return f"data/{dataset}/manifests/{version}.json"


def entry_name(dataset: str, n: int) -> str:
    return f"data/{dataset}/log/{n:020d}.json"


def open_prefix(dataset: str) -> str:
    return f"data/{dataset}/open/"


def readable(store: Store, names: Sequence[str]) -> list[str] | list[Path] | list[io.BytesIO]:
    """What `pl.scan_parquet` takes: paths, URLs, or the bytes themselves. Raises NotFound."""
    parts = urlsplit(store.url)
    if parts.scheme == "file":
        root = Path(unquote(parts.path))
        paths = [root / name for name in names]
        for path in paths:
            if not path.exists():
                raise NotFound(f"{path}: a part of the dataset is not there. Restore it from a backup.")
        return paths
    if parts.scheme in _SCANNED:
        return [f"{store.url}/{name}" for name in names]
    return [io.BytesIO(store.get(name)) for name in names]
