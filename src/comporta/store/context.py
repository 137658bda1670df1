"""What a step function is handed beside its arguments: the one place where artifacts are put and read."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from comporta.errors import NotFound, Tampered
from comporta.records.asset import Artifact
from comporta.records.codec import Codec
from comporta.records.record import Record, decode, encode
from comporta.store.keys import Keys, digest
from comporta.store.protocol import Store
from comporta.store.shared import place_of

T = TypeVar("T")


def artifact_name(digest: str) -> str:
    """Where an artifact lies in a store."""
    return f"artifacts/{digest[:2]}/{digest}"


def is_kept(store: Store, artifact: Artifact) -> bool:
    """Whether its bytes are there, as many as were put; what they are is not looked at."""
    name = artifact_name(artifact.digest)
    return any(each.name == name and each.size == artifact.size for each in store.list(name))


def _scratch() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # no place for such files has room: reading needs none
        return Path("/tmp")


class StepContext(Record, frozen=True, kw_only=True):
    """A step function's first argument. scratch: a folder of its own, gone when the step ends.

    seed: of the recipe; Python and NumPy are seeded with it before the step begins. codecs: the project's
    own, asked before Comporta's where a model is written down or opened.
    """

    store: Store
    keys: Keys
    seed: int = 0
    codecs: tuple[Codec, ...] = ()
    scratch: Path = msgspec.field(default_factory=_scratch)

    def put(self, data: bytes, kind: str) -> Artifact:
        """These bytes, kept."""
        name = digest(self.keys.content, data)
        if not self.store.put(artifact_name(name), data):
            self._mend(name, data)
        return Artifact(digest=name, size=len(data), kind=kind)

    def get(self, artifact: Artifact) -> bytes:
        """The bytes, checked against their digest. Raises NotFound, Tampered."""
        data = self.store.get(artifact_name(artifact.digest))
        if digest(self.keys.content, data) != artifact.digest:
            raise Tampered(
                f"{place_of(self.store, artifact_name(artifact.digest))}: its bytes are not what was "
                "written. Restore it from a backup, or delete it and run again."
            )
        return data

    def _mend(self, name: str, data: bytes) -> None:
        """What lies there under this digest is put right where it was damaged: these bytes are the ones."""
        try:
            if self.store.get(artifact_name(name)) == data:
                return
            self.store.delete(artifact_name(name))
        except NotFound:
            pass  # deleted since
        self.store.put(artifact_name(name), data)

    def put_json(self, value: Any) -> Artifact:
        """This record or JSON value, kept in canonical form."""
        return self.put(encode(value), "json")

    def get_json(self, artifact: Artifact, as_: type[T]) -> T:
        """The record that was put. Raises NotFound, Tampered."""
        return decode(self.get(artifact), as_)
