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
    # SQLAlchemy takes a while to load: not for those who keep everything in memory.
    from comporta.ledger.migrate import up_to_date
    from comporta.ledger.sql import Database, SqlLedger

    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from comporta.ledger.sqlite import Sqlite

        database: Database = Sqlite(root / rest[1:])
    elif scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        from comporta.ledger.postgres import Postgres

        database = Postgres(url)
    else:
        raise BadProject(
            f"ledger: found {url!r}, expected sqlite:///PATH, postgresql://USER@HOST/DATABASE or memory://."
        )
    try:
        up_to_date(database)
        return SqlLedger(database, readings, **opened)
    except BaseException:
        database.engine.dispose()
        raise
