"""Bytes by name and by keyed digest. Knows no noun."""

from comporta.store.context import StepContext, artifact_name, is_kept
from comporta.store.credential import open_to_others, resolve, store_config, with_password
from comporta.store.keys import Keys, derive, digest, keyed_hash, new_secret, salted_hasher
from comporta.store.local import LocalStore
from comporta.store.memory import MemoryStore
from comporta.store.protocol import Store, StoredObject
from comporta.store.secret import parse_secret, read_secret, write_secret
from comporta.store.shared import SharedStore, address, place_of, projects_in
from comporta.store.space import PrefixUsage, SweepReport, sweep, usage
from comporta.store.urls import OpensStore, open_store

__all__ = [
    "Keys",
    "LocalStore",
    "MemoryStore",
    "OpensStore",
    "PrefixUsage",
    "SharedStore",
    "StepContext",
    "Store",
    "StoredObject",
    "SweepReport",
    "address",
    "artifact_name",
    "derive",
    "digest",
    "is_kept",
    "keyed_hash",
    "new_secret",
    "open_store",
    "open_to_others",
    "parse_secret",
    "place_of",
    "projects_in",
    "read_secret",
    "resolve",
    "salted_hasher",
    "store_config",
    "sweep",
    "usage",
    "with_password",
    "write_secret",
]
