"""From a URL in `comporta.toml` to a ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from comporta.errors import BadProject
from comporta.ledger.decoding import UPCASTS, Upcast
from comporta.ledger.memory import MemoryLedger
from comporta.ledger.protocol import Ledger
from comporta.records.event import Fact, Reading
from comporta.records.facts import FACTS


def open_ledger(
    url: str,
    readings: Sequence[Reading[Any]],
    *,
    key: bytes,
    clock: Callable[[], datetime],
    root: Path,
    facts: Sequence[type[Fact]] = FACTS,
    upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
) -> Ledger:
    """The ledger at `sqlite:///PATH` (relative to `root`; `sqlite:////PATH` is absolute),
    `postgresql://…` (extra `postgres`) or `memory://`, made where there is none.

    readings: all that must stay true; one not seen before is folded from history now. key: 32 bytes,
    `Keys.chain`. clock: the time of what is appended, UTC. facts, upcasts: what events may hold.
    Raises BadProject, MissingExtra, WrongKey, Busy, StorageFull.
    """
    scheme, _, rest = url.partition("://")
    opened: dict[str, Any] = {"key": key, "clock": clock, "facts": facts, "upcasts": upcasts}
    if scheme == "memory":
        return MemoryLedger(readings, **opened)
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from comporta.ledger.migrate import up_to_date
        from comporta.ledger.sql import SqlLedger
        from comporta.ledger.sqlite import Sqlite

        sqlite = Sqlite(root / rest[1:])
        up_to_date(sqlite)
        return SqlLedger(sqlite, readings, **opened)
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        from comporta.ledger.migrate import up_to_date
        from comporta.ledger.postgres import Postgres
        from comporta.ledger.sql import SqlLedger

        postgres = Postgres(url)
        up_to_date(postgres)
        return SqlLedger(postgres, readings, **opened)
    raise BadProject(
        f"ledger: found {url!r}, expected sqlite:///PATH, postgresql://USER@HOST/DATABASE or memory://."
    )
