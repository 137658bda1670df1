"""Where things are: `comporta.toml`, with environment variables before it."""

from __future__ import annotations

from comporta.records import Record


class Settings(Record, frozen=True, kw_only=True):
    """URLs. Relative file paths are taken from the project's root.

    ledger: `sqlite:///…` or `postgresql://…`; COMPORTA_LEDGER. store: `file://…`, `s3://…`;
    COMPORTA_STORE. key: `file://…` of 32 bytes in hex; COMPORTA_KEY. executor: `local://?workers=2`;
    COMPORTA_EXECUTOR.
    """

    ledger: str = "sqlite:///.comporta/ledger.db"
    store: str = "file://.comporta/store"
    key: str = "file://comporta.key"
    executor: str = "local://"
