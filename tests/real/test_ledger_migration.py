"""A ledger as an earlier Comporta kept it, brought up to date: whole at every moment; its chain goes on."""

import importlib.util
import os
import shutil
import signal
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import psycopg
import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, event, text

import comporta.ledger
from comporta.ledger import Ledger, migrate, open_ledger, verify
from comporta.ledger.migrate import LATEST
from comporta.ledger.sqlite import Sqlite
from comporta.opened.project import PROJECTIONS
from comporta.records import Head, decode
from comporta.records.facts import ChainContinued
from comporta.store import derive
from comporta.testing import running_postgres
from comporta.testing.ledgers import NoteWritten, put

ARCHIVE = Path(__file__).parents[1] / "golden" / "house" / "house.tar.gz"
Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the ledger and the key of the golden house."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(ARCHIVE) as archive:
        for name in ("comporta.key", ".comporta/ledger.db"):
            archive.extract(name, folder, filter="data")
    shutil.move(folder / ".comporta/ledger.db", folder / "ledger.db")
    return folder


@pytest.fixture(scope="module")
def key(old: Path) -> bytes:
    return derive(bytes.fromhex((old / "comporta.key").read_text().strip())).chain


@pytest.fixture(scope="module")
def events(old: Path) -> Rows:
    return asked(old / "ledger.db", "SELECT seq, at, kind, schema, body, prev, hash FROM ledger_events")


@pytest.fixture(scope="module")
def states(old: Path) -> Rows:
    return asked(old / "ledger.db", "SELECT reading, key, state FROM ledger_readings ORDER BY 1, 2")


SINCE = {"answer", "history", "model"}
"""Projections that there were not yet: made of the same events when the ledger is opened."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_postgres() as url:
        yield url


def asked(file: Path, sql: str) -> Rows:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(sql).fetchall()


def opened(url: str, key: bytes, root: Path) -> Ledger:
    return open_ledger(url, PROJECTIONS, key=key, clock=lambda: datetime.now(UTC), root=root)


def require_whole(ledger: Ledger, key: bytes, events: Rows) -> None:
    """Every event is there, the keyed chain verifies under the key, every reading is what they say."""
    found = list(ledger.events())
    assert [(each.seq, each.kind, each.body, each.prev, each.hash) for each in found] == [
        (seq, kind, body, prev, hash_) for seq, _, kind, _, body, prev, hash_ in events
    ]
    audit = verify(ledger, PROJECTIONS, key, Head(seq=events[-1][0], hash=events[-1][6]))
    assert audit.sound, audit.faults
    assert (audit.events, audit.keyed, audit.signed) == (len(events), len(events), 0)


def require_goes_on(ledger: Ledger, key: bytes, events: Rows) -> None:
    """What is appended continues the keyed chain under signed heads."""
    last = Head(seq=events[-1][0], hash=events[-1][6])
    (mine,) = put(ledger, NoteWritten(text="goes on"))
    begun, same = list(ledger.events(after=last.seq))
    assert same == mine
    assert (begun.kind, begun.seq, begun.prev) == ("chain.continued", last.seq + 1, last.hash)
    assert begun.body is not None
    assert decode(begun.body, ChainContinued).keyed == last
    audit = verify(ledger, PROJECTIONS, key, ledger.head())
    assert audit.sound, audit.faults
    assert (audit.events, audit.keyed, audit.signed) == (len(events) + 2, len(events), 1)


def test_the_golden_ledger_opens_whole_and_its_chain_goes_on(
    old: Path, key: bytes, events: Rows, states: Rows, tmp_path: Path
) -> None:
    shutil.copy(old / "ledger.db", tmp_path)
    ledger = opened("sqlite:///ledger.db", key, tmp_path)
    require_whole(ledger, key, events)
    kept = asked(tmp_path / "ledger.db", "SELECT reading, key FROM ledger_readings ORDER BY 1, 2")
    assert [each for each in kept if each[0] not in SINCE] == [each[:2] for each in states]
    assert {each[0] for each in kept} - {each[0] for each in states} == SINCE
    require_goes_on(ledger, key, events)
    ledger.close()


def test_a_keyed_event_that_was_changed_is_still_found_after_the_migration(
    old: Path, key: bytes, tmp_path: Path
) -> None:
    shutil.copy(old / "ledger.db", tmp_path)
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as file:
        file.execute("DROP TRIGGER ledger_events_no_update")
        file.execute("UPDATE ledger_events SET at = at + 1 WHERE seq = 7")
    ledger = opened("sqlite:///ledger.db", key, tmp_path)
    put(ledger, NoteWritten(text="x"))
    audit = verify(ledger, PROJECTIONS, key)
    assert ("changed", 7) in [(fault.what, fault.seq) for fault in audit.faults]
    ledger.close()


def _killed(url: str, key: bytes, root: str, stop: int, when: str) -> None:
    """Opens the ledger and dies before or after its statement number `stop`."""
    acts = 0

    def numbered(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        nonlocal acts
        if acts == stop:
            os.kill(os.getpid(), signal.SIGKILL)
        acts += 1

    event.listen(Engine, f"{when}_cursor_execute", numbered)
    opened(url, key, Path(root)).close()


def killed(url: str, key: bytes, root: Path, stop: int, when: str) -> bool:
    """Whether the process was killed, rather than done before that statement."""
    child = get_context("fork").Process(target=_killed, args=(url, key, str(root), stop, when))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("apart", [pytest.param(1, marks=pytest.mark.soak), 3])
def test_a_migration_killed_at_any_statement_leaves_the_old_or_the_new(
    old: Path, key: bytes, events: Rows, tmp_path: Path, when: str, apart: int
) -> None:
    found = set()
    for stop in range(0, 1000, apart):
        folder = tmp_path / str(stop)
        folder.mkdir()
        shutil.copy(old / "ledger.db", folder)
        dead = killed("sqlite:///ledger.db", key, folder, stop, when)
        ((revision,),) = asked(folder / "ledger.db", "SELECT version_num FROM ledger_revision")
        found.add(revision)
        tables = {name for (name,) in asked(folder / "ledger.db", "SELECT name FROM sqlite_master")}
        assert ("ledger_heads" in tables) == (revision == LATEST)
        assert not [name for name in tables if name.endswith("_new")]
        ledger = opened("sqlite:///ledger.db", key, folder)
        require_whole(ledger, key, events)
        ledger.close()
        if not dead:
            break
    assert not dead
    assert stop > 30, "the migration has more statements than that"
    assert found == {"0001", LATEST}


def _first_tables() -> ModuleType:
    file = Path(comporta.ledger.__file__).parent / "migrations/versions/0001_ledger.py"
    spec = importlib.util.spec_from_file_location("ledger_0001", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def copied(old: Path, server: str) -> None:
    """The old ledger, as an earlier Comporta would have kept it in this server."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public")
    engine = create_engine(server.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            _first_tables().upgrade()
        connection.execute(text("CREATE TABLE ledger_revision (version_num VARCHAR(32) PRIMARY KEY)"))
        connection.execute(text("INSERT INTO ledger_revision VALUES ('0001')"))
        for table in ("ledger_events", "ledger_readings", "ledger_kept", "ledger_keyed"):
            rows = asked(old / "ledger.db", f"SELECT * FROM {table}")
            marks = ", ".join(["%s"] * len(rows[0]))
            for row in rows:
                connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", row)
    engine.dispose()


@pytest.mark.parametrize("apart", [pytest.param(4, marks=pytest.mark.soak), 12])
def test_a_ledger_in_postgresql_is_migrated_whole_whatever_kills_it(
    old: Path, key: bytes, events: Rows, server: str, tmp_path: Path, apart: int
) -> None:
    for stop in range(1, 1000, apart):
        copied(old, server)
        dead = killed(server, key, tmp_path, stop, "before")
        ledger = opened(server, key, tmp_path)
        require_whole(ledger, key, events)
        if not dead:
            require_goes_on(ledger, key, events)
            break
        ledger.close()
    ledger.close()
    assert not dead


def test_an_older_comporta_that_is_still_open_can_append_nothing_afterwards(
    old: Path, key: bytes, tmp_path: Path
) -> None:
    shutil.copy(old / "ledger.db", tmp_path)
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as file:
        opened("sqlite:///ledger.db", key, tmp_path).close()
        with pytest.raises(sqlite3.Error, match="project"):
            file.execute(
                "INSERT INTO ledger_events (seq, at, kind, schema, body, prev, hash) "
                "VALUES (9999, 0, 'x', 1, x'00', '', '')"
            )


def test_what_was_migrated_holds_each_state_as_it_was(
    old: Path, states: Rows, key: bytes, tmp_path: Path
) -> None:
    shutil.copy(old / "ledger.db", tmp_path)
    ledger = opened("sqlite:///ledger.db", key, tmp_path)
    for reading in PROJECTIONS:
        was = {key: msgspec.json.decode(state) for name, key, state in states if name == reading.name}
        now = {key for key, _ in ledger.scan(reading)}
        assert now if reading.name in SINCE else now == set(was)
    ledger.close()


def test_a_new_file_has_the_tables_that_all_migrations_make(tmp_path: Path) -> None:
    def made(name: str, make: Callable[[Connection, Sqlite], None]) -> list[Rows]:
        database = Sqlite(tmp_path / name)
        with database.engine.connect() as connection, database.write_transaction(connection):
            assert migrate._revision(connection) is None  # as `up_to_date` asks first
            make(connection, database)
        database.engine.dispose()
        tables = sorted(
            asked(tmp_path / name, "SELECT name, wr FROM pragma_table_list WHERE schema = 'main'")
        )
        columns = [
            (table, row[1], row[2].replace("VARCHAR(32)", "TEXT"), *row[3:])
            for table, _ in tables
            for row in asked(tmp_path / name, f"PRAGMA table_info({table})")
        ]
        return [
            tables,
            columns,
            sorted(asked(tmp_path / name, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")),
            sorted(asked(tmp_path / name, "SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'")),
            asked(tmp_path / name, "SELECT * FROM ledger_revision"),
        ]

    at_once = made("new.db", lambda connection, _: migrate._create(connection))
    assert at_once == made("grown.db", lambda connection, of: migrate._upgrade(connection, None, of))
    assert len(at_once[0]) > 5 and at_once[4] == [(LATEST,)]
