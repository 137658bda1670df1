"""Bytes by name and by keyed digest. Knows no noun."""

from comporta.store.desk import Desk, artifact_name
from comporta.store.keys import Keys, derive, digest, keyed_hash, new_secret
from comporta.store.protocol import Entry, Store

__all__ = ["Desk", "Entry", "Keys", "Store", "artifact_name", "derive", "digest", "keyed_hash", "new_secret"]
