"""One project's part of a store that several share: its datasets are its own, artifacts are everyone's.

Artifacts lie by digest under `artifacts/`, so equal work is stored once. All else lies below
`projects/<id>/`; the project `default`, all that a store held before there were several, has it as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from pathlib import Path

from comporta.records.event import DEFAULT_PROJECT
from comporta.store.protocol import Store, StoredObject
from comporta.store.space import ARTIFACTS

BELOW = "projects"
# What stands between the store that is shared and the project in an address.
_MARK = "#project="


class SharedStore:
    """own: the store below `projects/<project>`. whole: the one that it is a part of. url: of `own`."""

    def __init__(self, own: Store, whole: Store, project: str) -> None:
        self.url = own.url
        self.own, self.whole, self.project = own, whole, project
        self.config: dict[str, str] = getattr(whole, "config", {})

    def put(self, name: str, data: bytes | Path) -> bool:
        return self._of(name).put(name, data)

    def get(self, name: str) -> bytes:
        return self._of(name).get(name)

    def delete(self, name: str) -> None:
        self._of(name).delete(name)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        if prefix.startswith(ARTIFACTS):
            return self.whole.list(prefix)
        if not ARTIFACTS.startswith(prefix):
            return self.own.list(prefix)
        return merge(self.whole.list(ARTIFACTS), self.own.list(prefix), key=lambda entry: entry.name)

    def _of(self, name: str) -> Store:
        return self.whole if name.startswith(ARTIFACTS) else self.own


def address(store: Store) -> str:
    """What `open_store` takes to open the same one in another process."""
    if isinstance(store, SharedStore):
        return f"{store.whole.url}{_MARK}{store.project}"
    return store.url


def place_of(store: Store, name: str) -> str:
    """Where an object lies, as a person may look for it."""
    if isinstance(store, SharedStore) and name.startswith(ARTIFACTS):
        store = store.whole
    return f"{store.url}/{name}"


def split_project_url(url: str) -> tuple[str, str]:
    """The store's own URL and the project in an address; no project: all of the store."""
    whole, _, project = url.partition(_MARK)
    return whole, project


def projects_in(store: Store) -> set[str]:
    """The projects that keep datasets in the store that this one is, or is a part of."""
    whole = store.whole if isinstance(store, SharedStore) else store
    found = {entry.name.split("/")[1] for entry in whole.list(f"{BELOW}/")}
    return found | ({DEFAULT_PROJECT} if next(whole.list("data/"), None) else set())
