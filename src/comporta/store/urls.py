"""From a URL in `comporta.toml` to a store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from comporta.errors import BadProject
from comporta.records.credential import password_in, without_password
from comporta.records.event import DEFAULT_PROJECT
from comporta.records.project import checked_project
from comporta.store.local import LocalStore
from comporta.store.memory import MemoryStore
from comporta.store.protocol import Store
from comporta.store.shared import BELOW, SharedStore, split_project_url


def file_path(url: str, root: Path) -> Path:
    """Where `file://PATH` points; a path without a leading `/` is taken from `root`."""
    path = unquote(url.partition("://")[2])
    if not path:
        raise BadProject(f"found {url!r}, expected file://PATH.")
    return root / path


def open_store(url: str, root: Path, project: str = DEFAULT_PROJECT, config: Mapping[str, str] = {}) -> Store:
    """The store at `file://PATH`, `memory://`, or an object store's URL (`s3://…`, extra `objects`).

    project: whose part of it. config: what an object store is opened with, beside what the environment says:
    `store_config`. Raises BadProject on a URL that is none of them, MissingExtra where the extra is not
    installed.
    """
    url, named = split_project_url(url)
    whole = _open_scheme(url, root, config)
    project = named or project
    if project == DEFAULT_PROJECT:
        return whole
    below = f"{BELOW}/{checked_project(project)}"
    return SharedStore(_open_scheme(f"{url.rstrip('/')}/{below}", root, config), whole, project)


def _open_scheme(url: str, root: Path, config: Mapping[str, str]) -> Store:
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme == "file":
        return LocalStore(file_path(url, root))
    if scheme == "memory":
        return MemoryStore()
    if scheme in ("s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl", "http", "https"):
        from comporta.store.objects import open_objects

        if password_in(url):
            raise BadProject(
                f"store {without_password(url)}: found a password in the URL, expected it behind a "
                'reference. Take it out, and name it: store_credentials = "env://NAME".'
            )
        return open_objects(url, config)
    raise BadProject(
        f"store: found {without_password(url)!r}, expected file://PATH, memory:// or an object store such as s3://BUCKET/PREFIX."
    )
