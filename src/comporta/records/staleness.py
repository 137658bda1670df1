"""Whether what a version learned from is still as it was read: computed when it is asked, never stored."""

from __future__ import annotations

from typing import Literal

from comporta.records.message import Message, code
from comporta.records.record import Record

STORE_FAILED = code("staleness.store_failed", "the store could not be read ({why})", why=str)
LOG_MISSING = code("staleness.log_missing", "its log is not in the store")
LOG_CUT = code("staleness.log_cut", "its log ends before version {number}", number=int)
VERSION_REPLACED = code(
    "staleness.version_replaced", "its version {number} has changed since it was read", number=int
)
MANIFEST_MISSING = code("staleness.manifest_missing", "the manifest of version {number} is gone", number=int)
TAMPERED = code("staleness.tampered", "stored bytes are not what was written ({what})", what=str)
DIFFERS = code("staleness.differs", "its digest differs, and no erasure in its log explains that")


class Staleness(Record, frozen=True, kw_only=True):
    """One dataset that a version learned from. answer: `fresh`, as it was read; `erased`: the dataset's log
    says that rows of it were; `unknown`: neither can be told. cause: why unknown,
    as a sentence's part (`its log is not in the store`), else None."""

    dataset: str
    answer: Literal["fresh", "erased", "unknown"]
    cause: Message | None = None


def erased_datasets(every: tuple[Staleness, ...]) -> tuple[str, ...]:
    """The datasets of which rows that were read were erased, each once."""
    return tuple(dict.fromkeys(each.dataset for each in every if each.answer == "erased"))


def unknown(every: tuple[Staleness, ...]) -> tuple[Staleness, ...]:
    """Those that nobody can answer for now."""
    return tuple(each for each in every if each.answer == "unknown")
