"""What the objects of a dataset are called in a store, and how polars reaches them there."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from comporta.data.codes import MEND
from comporta.errors import BadProject, NotFound, Tampered
from comporta.records import PREDICTIONS, Fragment
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


def rejected_prefix(dataset: str) -> str:
    """Open rows that could not be sealed."""
    return f"data/{dataset}/rejected/"


def lost_prefix(dataset: str) -> str:
    """How many rows of a prediction log each process answered and never wrote."""
    return f"data/{dataset}/lost/"


def log_of(model: str) -> str:
    """The dataset of a model's predictions. No declared dataset has a dot in its name."""
    return f"{PREDICTIONS}.{model}"


def readable(
    store: Store, dataset: str, fragments: Sequence[Fragment]
) -> list[str] | list[Path] | list[io.BytesIO]:
    """What `pl.scan_parquet` takes: paths, URLs, or the bytes themselves.

    Raises NotFound, and Tampered for one that has another size than was written; not for URLs, which would
    cost a request each.
    """
    names = [object_name(dataset, each.id) for each in fragments]
    parts = urlsplit(store.url)
    if parts.scheme == "file":
        root = Path(unquote(parts.path))
        paths = [root / name for name in names]
        for path, name, fragment in zip(paths, names, fragments, strict=True):
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                raise NotFound(
                    f"{dataset}: {name} is not in the store {store.url}. {MEND.template}"
                ) from None
            _require_size(dataset, name, size, fragment)
        return paths
    if parts.scheme in _SCANNED:
        return [f"{store.url}/{name}" for name in names]
    held = [store.get(name) for name in names]
    for data, name, fragment in zip(held, names, fragments, strict=True):
        _require_size(dataset, name, len(data), fragment)
    return [io.BytesIO(data) for data in held]


def storage_options(store: Store) -> dict[str, str] | None:
    """What polars scans this store's URLs with, beside the credentials of the environment."""
    return dict(getattr(store, "config", {})) or None


def has_written_size(store: Store, dataset: str, fragment: Fragment) -> bool:
    """Whether it is there, of the size it was written with; taken for granted where asking is a request."""
    parts = urlsplit(store.url)
    if parts.scheme in _SCANNED:
        return True
    name = object_name(dataset, fragment.id)
    try:
        if parts.scheme == "file":
            return (Path(unquote(parts.path)) / name).stat().st_size == fragment.size
        return len(store.get(name)) == fragment.size
    except (FileNotFoundError, NotFound):
        return False


def _require_size(dataset: str, name: str, size: int, fragment: Fragment) -> None:
    if size != fragment.size:
        raise Tampered(
            f"{dataset}: {name} has {size:,} bytes, expected {fragment.size:,}: it was damaged since it was "
            f"written. {MEND.template}"
        )


def dataset_and_number(name: str) -> tuple[str, int | None]:
    """`weather@2` is version 2 of `weather`, `weather` its newest (None). Raises BadProject on no number."""
    dataset, at, number = name.partition("@")
    if at and not (number.isascii() and number.isdigit() and int(number)):
        raise BadProject(f"{name}: found the version {number!r}, expected a number such as {dataset}@1.")
    return dataset, int(number) if at else None
