"""From a URL in `comporta.toml` to a ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from comporta.errors import BadProject, StorageFull
from comporta.ledger.chain import key_mark
from comporta.ledger.memory import MemoryLedger
from comporta.ledger.protocol import Ledger
from comporta.ledger.upcasts import UPCASTS, Upcast
from comporta.records.credential import shown_url
from comporta.records.event import DEFAULT_PROJECT, Fact, Projection
from comporta.records.facts import FACTS
from comporta.records.project import checked_project
from comporta.records.schemes import LEDGERS, also, installed_schemes, opener, scheme_of

if TYPE_CHECKING:
    from comporta.ledger.database import Database


POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
SCHEMES = ("memory", "sqlite", *POSTGRES)


class OpensLedger(Protocol):
    """What a package declares for a scheme, as an entry point of the group `comporta.ledgers`."""

    def __call__(
        self,
        url: str,
        projections: Sequence[Projection[Any]],
        /,
        *,
        key: bytes,
        clock: Callable[[], datetime],
        root: Path,
        project: str,
        facts: Sequence[type[Fact]],
        upcasts: Mapping[tuple[str, int], Upcast],
        reads: bool,
    ) -> Ledger:
        """One project's ledger at this URL. The arguments are those of `open_ledger`."""


def open_ledger(
    url: str,
    projections: Sequence[Projection[Any]],
    *,
    key: bytes,
    clock: Callable[[], datetime],
    root: Path,
    project: str = DEFAULT_PROJECT,
    facts: Sequence[type[Fact]] = FACTS,
    upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
    reads: bool = False,
) -> Ledger:
    """One project's ledger at `sqlite:///PATH` (relative to `root`; `sqlite:////PATH` is absolute),
    `postgresql://…` (extra `postgres`) or `memory://`, made where there is none; another scheme is opened by
    the package that declares it (`OpensLedger`).

    projections: all that must stay true; one not seen before is built from history now. key: 32 bytes,
    `Keys.chain`. clock: the time of what is appended, UTC. project: whose chain it is of those that
    lie there; letters, digits, `_` and `-`. facts, upcasts: what events may hold.
    reads: it is opened for a moment, above all to read: then a full disk is no obstacle to that.
    Raises BadProject, MissingExtra, WrongKey, Busy, StorageFull.
    """
    opened: dict[str, Any] = {
        "key": key,
        "clock": clock,
        "project": checked_project(project),
        "facts": facts,
        "upcasts": upcasts,
    }
    if url.startswith("memory://"):
        return MemoryLedger(projections, **opened)
    opens: OpensLedger | None = None if scheme_of(url) in SCHEMES else opener(LEDGERS, scheme_of(url))
    if opens is not None:
        return opens(url, projections, root=root, reads=reads, **opened)
    # SQLAlchemy takes a while to load: not for those who keep everything in memory.
    from comporta.ledger.migrate import up_to_date
    from comporta.ledger.sql import SqlLedger

    def ledger(alone: bool) -> Ledger:
        database = _database(url, root, alone)
        try:
            up_to_date(database)
            return SqlLedger(database, projections, **opened)
        except BaseException:
            database.engine.dispose()
            raise

    try:
        return ledger(alone=False)
    except StorageFull:
        if not reads or not url.startswith("sqlite"):
            raise
        return ledger(alone=True)


def written_with(url: str, *, key: bytes, root: Path) -> bool | None:
    """Whether the ledger at `url` was written with this key; None where nothing was written yet, or another
    package opens it: it says so itself when it is opened.

    Makes and changes nothing. Raises BadProject, MissingExtra, Busy.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES and scheme in installed_schemes(LEDGERS):
        return None
    if scheme == "memory" or (scheme == "sqlite" and not (root / rest[1:]).exists()):
        return None
    from comporta.ledger.sql import key_of

    database = _database(url, root, alone=False)
    try:
        mark = key_of(database)
    finally:
        database.engine.dispose()
    return None if mark is None else mark == key_mark(key)


def _database(url: str, root: Path, alone: bool) -> Database:
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from comporta.ledger.sqlite import Sqlite

        return Sqlite(root / rest[1:], alone=alone)
    if scheme in POSTGRES:
        from comporta.ledger.postgres import Postgres

        return Postgres(url)
    raise BadProject(
        f"ledger: found {shown_url(url)}, expected sqlite:///PATH, postgresql://USER@HOST/DATABASE or memory://"
        f"{also(LEDGERS)}."
    )
