"""What a step reads and makes: bytes by digest, and slices of datasets.

Both carry the digest of the *answer*, so a recipe that reads them is keyed by what they hold, not by how
they came to be.
"""

from __future__ import annotations

from datetime import datetime

from comporta.records.record import Record


class Artifact(Record, frozen=True, kw_only=True, tag="artifact"):
    """Bytes in the store. digest: keyed BLAKE3 of the bytes, 64 hex digits. size: bytes.

    kind: what reads it, one of `ids.KINDS`.
    """

    digest: str
    size: int
    kind: str


def text_or_digest(text: Artifact | str) -> str:
    """A text that may lie in an artifact, as it is shown before that is read: by the start of its digest."""
    return text if isinstance(text, str) else f"(text {text.digest[:12]})"


class Slice(Record, frozen=True, kw_only=True, tag="slice"):
    """A part of one dataset version. digest: of the fragments it covers, as they were first written.

    Compaction and a redaction elsewhere leave the digest as it is; a redaction inside changes it.
    version: the version's id, 64 hex digits. number: counts from 1 within the dataset.
    columns: those read, or None for all. since, until: half-open bounds on the dataset's time, or None.
    """

    dataset: str
    version: str
    number: int
    digest: str
    rows: int
    columns: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


Asset = Artifact | Slice
