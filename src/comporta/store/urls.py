"""From a URL in `comporta.toml` to a store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from comporta.errors import BadProject
from comporta.records.credential import password_in, shown_url, without_password
from comporta.records.event import DEFAULT_PROJECT
from comporta.records.project import checked_project
from comporta.records.schemes import STORES, also, opener, scheme_of
from comporta.store.local import LocalStore
from comporta.store.memory import MemoryStore
from comporta.store.protocol import Store
from comporta.store.shared import BELOW, SharedStore, split_project_url


class OpensStore(Protocol):
    """What a package declares for a scheme, as an entry point of the group `comporta.stores`."""

    def __call__(self, url: str, root: Path, config: Mapping[str, str], /) -> Store:
        """The store at this URL; `URL/projects/ID` is the part of one project in it. The store's own `url`
        opens the same one in another process. root: the project's folder. config: `store_credentials`."""


def file_path(url: str, root: Path) -> Path:
    """Where `file://PATH` points; a path without a leading `/` is taken from `root`."""
    path = unquote(url.partition("://")[2])
    if not path:
        raise BadProject(f"found {url!r}, expected file://PATH.")
    return root / path


def open_store(url: str, root: Path, project: str = DEFAULT_PROJECT, config: Mapping[str, str] = {}) -> Store:
    """The store at `file://PATH`, `memory://`, or an object store's URL (`s3://…`, extra `objects`).

    project: whose part of it. config: what an object store is opened with, beside what the environment says:
    `store_config`. Another scheme is opened by the package that declares it (`OpensStore`). Raises BadProject
    on a URL that is none of them, MissingExtra where the extra is not installed.
    """
    url, named = split_project_url(url)
    whole = _open_scheme(url, root, config)
    project = named or project
    if project == DEFAULT_PROJECT:
        return whole
    below = f"{BELOW}/{checked_project(project)}"
    return SharedStore(_open_scheme(f"{url.rstrip('/')}/{below}", root, config), whole, project)


def _open_scheme(url: str, root: Path, config: Mapping[str, str]) -> Store:
    scheme = scheme_of(url)
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
    opens: OpensStore | None = opener(STORES, scheme)
    if opens is not None:
        return opens(url, root, config)
    raise BadProject(
        f"store: found {shown_url(url)}, expected file://PATH, memory:// or an object store such as "
        f"s3://BUCKET/PREFIX{also(STORES)}."
    )
