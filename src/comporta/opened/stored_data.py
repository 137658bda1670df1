"""What is needed to read and write stored data, and no more: the store and the keys that settings name."""

from __future__ import annotations

from pathlib import Path

from comporta.project import Settings
from comporta.store import StepContext, Store, derive, open_store, read_secret, store_config


def data_context(settings: Settings, root: Path, store: Store | None = None) -> StepContext:
    """The store and the keys of the project at `root`. store: in place of the one that the settings name.
    Raises BadProject; whether the key is that of the project's ledger is not asked here."""
    keys = derive(read_secret(settings.key, root))
    if store is None:
        config = store_config(settings.store_credentials, root)
        store = open_store(settings.store, root, settings.project_id, config)
    return StepContext(store=store, keys=keys)
