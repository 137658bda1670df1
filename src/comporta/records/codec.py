"""One way of writing models down, as an extension point."""

from __future__ import annotations

from typing import Any, Protocol


class Codec(Protocol):
    """One way of writing models down. `comporta.testing.codecs` holds what every codec must pass.

    A project's own is an object of a class that is made without arguments and can be imported by its name."""

    @property
    def name(self) -> str:
        """Written before the bytes; never changed for the same form."""

    def accepts(self, model: Any) -> bool:
        """Whether it can write this model down."""

    def encode(self, model: Any) -> bytes:
        """Canonical bytes: the same fit in another process gives the same. Raises BadProject."""

    def decode(self, data: bytes) -> Any:
        """A model that predicts as the one encoded. Runs no code from the bytes. Raises Tampered."""
