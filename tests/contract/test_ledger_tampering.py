"""Someone changes the database behind the ledger's back: SQLite's file and PostgreSQL's rows alike."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from comporta.errors import NotFound, Tampered
from comporta.ledger import Audit, Ledger, open_ledger, verify
from comporta.ledger.bundle import export
from comporta.ledger.chain import seal
from comporta.ledger.faults import NO_PUBLIC, TRUNCATION
from comporta.ledger.signing import Signer, public_key
from comporta.ledger.sql import SqlLedger
from comporta.ledger.triggers import FORMER_SQLITE, POSTGRES, SQLITE
from comporta.records import Head
from comporta.records.facts import ProjectKeyed
from comporta.records.instant import microseconds
from comporta.testing import Clock
from comporta.testing.ledgers import (
    BALANCES,
    KEY,
    TEST_FACTS,
    AccountClosed,
    AmountDeposited,
    NoteWritten,
    put,
)

RICH = '{"amount":900,"entries":3}'
Tamper = Callable[..., Any]
_COLUMNS = "project, seq, at, kind, schema, body, salt, leaf, prev, hash"
REPLACING = [
    "INSERT OR REPLACE INTO ledger_events SELECT * FROM ledger_events",
    # By SQLite's own number of the row: a new event takes the place of another.
    f"INSERT OR REPLACE INTO ledger_events (rowid, {_COLUMNS}) SELECT rowid, "
    f"{_COLUMNS.replace('seq', 'seq + 1000', 1)} FROM ledger_events WHERE seq = 5",
    # As if a body were removed, with the number of the row that is to go.
    "UPDATE OR REPLACE ledger_events SET body = NULL, salt = NULL, rowid = 4 WHERE seq = 5",
    "UPDATE OR REPLACE ledger_events SET body = NULL, salt = NULL, _rowid_ = 400 WHERE seq = 5",
]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Tamper]:
    """A new ledger's URL, and what runs SQL on it with none of the ledger's own guards."""
    if request.param == "sqlite":

        def on_file(sql: str, *values: Any) -> Any:
            connection = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
            try:
                for name in SQLITE:
                    connection.execute(f"DROP TRIGGER {name}")
                found = connection.execute(sql.replace("%s", "?"), values).fetchall()
                for text in SQLITE.values():  # who tampers with care puts them back
                    connection.execute(text)
                return found
            finally:
                connection.close()

        return f"sqlite:///{tmp_path / 'ledger.db'}", on_file

    url = request.getfixturevalue("postgres")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS tampered CASCADE; CREATE SCHEMA tampered")

    def on_rows(sql: str, *values: Any) -> Any:
        with psycopg.connect(f"{url}&options=-csearch_path%3Dtampered", autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # no triggers
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else None

    return f"{url}&options=-csearch_path%3Dtampered", on_rows


@pytest.fixture
def tamper(place: tuple[str, Tamper]) -> Tamper:
    return place[1]


@pytest.fixture
def ledger(place: tuple[str, Tamper]) -> Iterator[Ledger]:
    """Nine events: six deposits, a note, a closing, a deposit."""
    opened = open_ledger(place[0], [BALANCES], key=KEY, clock=Clock(), root=Path("/"), facts=TEST_FACTS)
    put(opened, *(AmountDeposited(account="anna" if n % 2 else "bo", amount=n) for n in range(6)))
    put(opened, NoteWritten(text="x"), AccountClosed(account="bo"), AmountDeposited(account="bo", amount=9))
    yield opened
    opened.close()


def audited(ledger: Ledger, head: Head | None = None) -> Audit:
    return verify(ledger, [BALANCES], KEY, head, facts=TEST_FACTS)


def found(audit: Audit, what: str) -> list[int]:
    return sorted(fault.seq for fault in audit.faults if fault.what == what)


def test_the_untouched_ledger_is_sound(ledger: Ledger) -> None:
    assert audited(ledger, ledger.head()).sound


def test_the_database_itself_refuses_to_change_events(ledger: Ledger, place: tuple[str, Tamper]) -> None:
    url, _ = place
    for sql in (
        "UPDATE ledger_events SET kind = 'x'",
        "UPDATE ledger_events SET body = NULL",
        "UPDATE ledger_events SET salt = NULL, body = NULL, at = at + 1",
        "DELETE FROM ledger_events WHERE seq = 9",
        "UPDATE ledger_heads SET link = 'x'",
        "DELETE FROM ledger_heads WHERE seq = 9",
        *(REPLACING if "sqlite" in url else []),
    ):
        with pytest.raises((sqlite3.Error, psycopg.Error), match="only be added"):
            if url.startswith("sqlite"):
                with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
                    file.execute(sql)
            else:
                with psycopg.connect(url) as connection:
                    connection.execute(sql)
    assert audited(ledger).sound


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", json.dumps({"account": "anna", "amount": 400}, separators=(",", ":")).encode()),
        ("body", b'{"account":"anna", "amount":3}'),
        ("body", b""),
        ("body", b"\xff not json"),
        ("at", 1_767_225_600_000_001),
        ("at", 2**62),
        ("kind", "test.closed"),
        ("kind", "test.unknown"),
        ("schema", 2),
        ("schema", 0),
        ("prev", "0" * 64),
        ("hash", "0" * 64),
        ("hash", ""),
        ("hash", "é"),
    ],
)
@pytest.mark.parametrize("seq", [1, 4, 9])
def test_a_changed_field_is_found(ledger: Ledger, tamper: Tamper, column: str, value: Any, seq: int) -> None:
    tamper(f"UPDATE ledger_events SET {column} = %s WHERE seq = %s", value, seq)
    assert seq in found(audited(ledger), "changed")


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 4), (2, 7), (8, 8)])
def test_removed_events_are_found(ledger: Ledger, tamper: Tamper, first: int, last: int) -> None:
    tamper("DELETE FROM ledger_events WHERE seq BETWEEN %s AND %s", first, last)
    assert found(audited(ledger), "removed") == [first]


def test_removed_events_are_found_also_when_the_rest_is_renumbered(ledger: Ledger, tamper: Tamper) -> None:
    tamper("DELETE FROM ledger_events WHERE seq = 4")
    for seq in range(5, 10):
        tamper("UPDATE ledger_events SET seq = %s WHERE seq = %s", seq - 1, seq)
    audit = audited(ledger)
    assert found(audit, "changed")[:1] == [4]
    assert found(audit, "moved") == [4, 5, 6, 7]


def test_reordered_events_are_found_and_named(ledger: Ledger, tamper: Tamper) -> None:
    for old, new in ((3, 100), (6, 3), (100, 6)):
        tamper("UPDATE ledger_events SET seq = %s WHERE seq = %s", new, old)
    audit = audited(ledger)
    assert {3, 6} <= set(found(audit, "changed"))
    assert found(audit, "moved") == [3, 6]


def test_events_whose_contents_were_swapped_are_found(ledger: Ledger, tamper: Tamper) -> None:
    ((one,), (two,)) = tamper("SELECT body FROM ledger_events WHERE seq IN (2, 4) ORDER BY seq")
    tamper("UPDATE ledger_events SET body = %s WHERE seq = 2", two)
    tamper("UPDATE ledger_events SET body = %s WHERE seq = 4", one)
    assert found(audited(ledger), "changed") == [2, 4]


def test_an_event_that_was_slipped_in_is_found(ledger: Ledger, tamper: Tamper) -> None:
    for seq in range(9, 4, -1):
        tamper("UPDATE ledger_events SET seq = %s WHERE seq = %s", seq + 1, seq)
    tamper(
        "INSERT INTO ledger_events "
        "SELECT project, 5, at, kind, schema, salt, body, leaf, prev, hash FROM ledger_events WHERE seq = 4"
    )
    assert 5 in found(audited(ledger), "changed")


def test_a_forged_event_at_the_end_is_found(ledger: Ledger, tamper: Tamper) -> None:
    tamper(
        "INSERT INTO ledger_events "
        "SELECT project, 10, at, kind, schema, salt, body, leaf, hash, %s FROM ledger_events WHERE seq = 9",
        "ab" * 32,
    )
    assert found(audited(ledger), "changed") == [10]


def test_a_cut_end_is_found_by_a_head_kept_elsewhere(ledger: Ledger, tamper: Tamper) -> None:
    head = ledger.head()
    tamper("DELETE FROM ledger_events WHERE seq > 6")
    audit = audited(ledger, head)
    assert found(audit, "truncated") == [6]
    assert audit.faults[-1].message.values["missing"] == 3


def test_a_cut_end_with_projections_cut_to_match_needs_a_head_and_the_audit_says_so(
    ledger: Ledger, tamper: Tamper
) -> None:
    head = ledger.head()
    tamper("DELETE FROM ledger_events WHERE seq > 6")
    tamper("DELETE FROM ledger_heads WHERE seq > 6")
    ledger.rebuild(BALANCES)
    blind = audited(ledger)
    assert blind.sound
    assert blind.unknown == (TRUNCATION(),)
    assert found(audited(ledger, head), "truncated") == [6]


def test_a_chain_written_anew_after_a_head_is_found(ledger: Ledger, tamper: Tamper) -> None:
    head = ledger.head()
    tamper("DELETE FROM ledger_events WHERE seq > 6")
    tamper("DELETE FROM ledger_heads WHERE seq > 6")
    ledger.rebuild(BALANCES)
    put(ledger, *(NoteWritten(text="nothing happened") for _ in range(5)))
    assert audited(ledger).sound
    assert found(audited(ledger, head), "rewritten") == [9]


def test_a_ledger_emptied_of_all_events_is_found_by_its_projections(ledger: Ledger, tamper: Tamper) -> None:
    tamper("DELETE FROM ledger_events")
    tamper("DELETE FROM ledger_heads")
    audit = audited(ledger)
    assert {(fault.what, fault.key) for fault in audit.faults} == {("reading", "anna"), ("reading", "bo")}


@pytest.mark.parametrize(
    ("sql", "key", "says"),
    [
        (f"UPDATE ledger_readings SET state = '{RICH}' WHERE key = 'anna'", "anna", "differs"),
        ("UPDATE ledger_readings SET state = state || ' ' WHERE key = 'anna'", "anna", "differs"),
        ("UPDATE ledger_readings SET state = 'no json' WHERE key = 'anna'", "anna", "differs"),
        ("UPDATE ledger_readings SET key = 'carl' WHERE key = 'anna'", "carl", "without_event"),
        ("UPDATE ledger_readings SET key = 'carl' WHERE key = 'anna'", "anna", "missing"),
        ("DELETE FROM ledger_readings WHERE key = 'bo'", "bo", "missing"),
        (
            f"INSERT INTO ledger_readings VALUES ('default', 'test balances', 'eve', '{RICH}')",
            "eve",
            "without_event",
        ),
    ],
)  # fmt: skip
def test_a_projection_that_differs_from_the_events_is_found(
    ledger: Ledger, tamper: Tamper, sql: str, key: str, says: str
) -> None:
    tamper(sql)
    audit = audited(ledger, ledger.head())
    (fault,) = [fault for fault in audit.faults if fault.key == key]
    assert (fault.what, fault.reading) == ("reading", "test balances")
    assert fault.message.code == f"ledger.reading_{says}"
    ledger.rebuild(BALANCES)
    assert audited(ledger, ledger.head()).sound


def test_a_tampered_ledger_can_still_be_opened_and_audited(
    ledger: Ledger, tamper: Tamper, place: tuple[str, Tamper]
) -> None:
    tamper("UPDATE ledger_events SET body = %s WHERE seq IN (1, 9)", b"x")
    again = open_ledger(place[0], [BALANCES], key=KEY, clock=Clock(), root=Path("/"), facts=TEST_FACTS)
    assert found(audited(again), "changed") == [1, 9]
    again.close()


def test_many_faults_are_counted_and_the_first_are_told(ledger: Ledger, tamper: Tamper) -> None:
    put(ledger, *(NoteWritten(text="x") for _ in range(300)))
    tamper("UPDATE ledger_events SET at = at + 1")
    audit = audited(ledger)
    assert audit.count >= 309
    assert len(audit.faults) == 100
    assert not audit.sound


@pytest.mark.parametrize("seq", [0, -7])
def test_an_event_of_a_number_below_one_is_found(ledger: Ledger, tamper: Tamper, seq: int) -> None:
    tamper(
        "INSERT INTO ledger_events SELECT project, %s, at, kind, schema, salt, body, leaf, prev, hash "
        "FROM ledger_events WHERE seq = 1",
        seq,
    )
    audit = audited(ledger, ledger.head())
    assert [(fault.what, fault.seq) for fault in audit.faults] == [("number", seq)]


def test_a_row_that_was_replaced_whole_is_found(ledger: Ledger, tamper: Tamper) -> None:
    forged = seal(
        project="default",
        prev=list(ledger.events())[3].prev,
        seq=4,
        at=list(ledger.events())[3].at,
        kind="test.deposited",
        schema=1,
        body=b'{"account":"anna","amount":400}',
    )
    tamper("DELETE FROM ledger_events WHERE seq = 4")
    tamper(
        "INSERT INTO ledger_events VALUES ('default', 4, %s, %s, 1, %s, %s, %s, %s, %s)",
        microseconds(forged.at),
        forged.kind,
        forged.salt,
        forged.body,
        forged.leaf,
        forged.prev,
        forged.hash,
    )
    # It is sound in itself; the event after it and the signed head are not of it.
    assert found(audited(ledger), "changed") == [5]


def test_a_chain_written_anew_without_the_key_is_found_by_its_signatures(
    ledger: Ledger, tamper: Tamper
) -> None:
    events, prev = list(ledger.events()), ""
    for event in events:
        body = event.body.replace(b"5", b"9") if event.body else b""
        forged = seal(
            project="default", prev=prev, seq=event.seq, at=event.at, kind=event.kind, schema=1, body=body
        )
        tamper(
            "UPDATE ledger_events SET body = %s, salt = %s, leaf = %s, prev = %s, hash = %s WHERE seq = %s",
            body, forged.salt, forged.leaf, prev, forged.hash, event.seq,
        )  # fmt: skip
        prev = forged.hash
    ledger.rebuild(BALANCES)
    audit = audited(ledger)
    assert {fault.what for fault in audit.faults} == {"signature"}
    # Nor does it help to sign with another key, or to leave the signatures out.
    other = Signer(b"o" * 32)
    head = Head(seq=9, hash=prev)
    tamper("DELETE FROM ledger_heads")
    assert found(audited(ledger), "signature") == [9]
    tamper(
        "INSERT INTO ledger_heads VALUES ('default', 9, %s, %s, %s)",
        prev, other.sign("default", head), other.public,
    )  # fmt: skip
    assert found(audited(ledger), "key") == [9]
    tamper("UPDATE ledger_heads SET key = %s", public_key(KEY))
    assert found(audited(ledger), "signature") == [9, 9]


def test_a_head_of_another_place_is_found(ledger: Ledger, tamper: Tamper) -> None:
    tamper("UPDATE ledger_heads SET seq = 3 WHERE seq = 6")
    assert found(audited(ledger), "signature") == [3]


def test_a_newest_head_that_was_taken_away_is_found(ledger: Ledger, tamper: Tamper) -> None:
    tamper("DELETE FROM ledger_heads WHERE seq = 9")
    assert found(audited(ledger), "signature") == [9]


def test_time_that_runs_backwards_is_found_where_the_chain_itself_is_sound(
    ledger: Ledger, tamper: Tamper
) -> None:
    last = list(ledger.events())[-1]
    older = last.at - timedelta(seconds=1)
    forged = seal(
        project="default", prev=last.hash, seq=10, at=older, kind="test.noted", schema=1, body=b'{"text":"x"}'
    )
    signer = Signer(KEY)
    head = Head(seq=10, hash=forged.hash)
    tamper(
        "INSERT INTO ledger_events VALUES ('default', 10, %s, 'test.noted', 1, %s, %s, %s, %s, %s)",
        microseconds(older), forged.salt, forged.body, forged.leaf, forged.prev, forged.hash,
    )  # fmt: skip
    tamper(
        "INSERT INTO ledger_heads VALUES ('default', 10, %s, %s, %s)",
        forged.hash, signer.sign("default", head), signer.public,
    )  # fmt: skip
    audit = audited(ledger, head)
    assert [(fault.what, fault.seq) for fault in audit.faults] == [("time", 10)]


@pytest.mark.parametrize("taken", ["body = NULL, salt = NULL", "body = NULL", "salt = NULL"])
def test_a_body_that_was_taken_away_and_no_event_says_so_is_found(
    ledger: Ledger, tamper: Tamper, taken: str
) -> None:
    tamper(f"UPDATE ledger_events SET {taken} WHERE seq = 7")
    audit = audited(ledger)
    assert [(fault.what, fault.seq) for fault in audit.faults] == [("body", 7)]
    assert audit.removed == {}


def test_an_event_whose_leaf_was_taken_away_is_no_event_of_the_keyed_chain(
    ledger: Ledger, tamper: Tamper
) -> None:
    tamper("UPDATE ledger_events SET leaf = NULL WHERE seq IN (1, 5)")
    assert set(found(audited(ledger), "changed")) == {1, 2, 5}


def test_an_event_of_another_project_is_not_taken_for_one_of_this(ledger: Ledger, tamper: Tamper) -> None:
    tamper("UPDATE ledger_events SET project = 'another'")
    tamper("UPDATE ledger_heads SET project = 'another'")
    tamper("UPDATE ledger_readings SET project = 'another'")
    tamper("UPDATE ledger_kept SET project = 'another'")
    moved = open_another(ledger)
    audit = audited(moved)
    moved.close()
    assert {fault.what for fault in audit.faults} == {"changed", "signature"}
    assert found(audit, "changed") == list(range(1, 10))


def open_another(ledger: Ledger) -> Ledger:
    assert isinstance(ledger, SqlLedger)
    return SqlLedger(
        ledger._database, [BALANCES], key=KEY, clock=Clock(), project="another", facts=TEST_FACTS
    )


def guards(place: tuple[str, Tamper]) -> tuple[list[str], Callable[[str], None]]:
    """The names of the database's triggers, and what runs SQL as its owner."""
    url, _ = place
    if url.startswith("sqlite"):

        def on_file(sql: str) -> None:
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
                file.execute(sql)

        return list(SQLITE), on_file

    def on_server(sql: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(sql)

    return list(POSTGRES), on_server


def test_a_trigger_that_was_dropped_is_found(ledger: Ledger, place: tuple[str, Tamper]) -> None:
    names, run = guards(place)
    for number, name in enumerate(names, 1):
        table = name.rpartition("_no_")[0]
        run(f"DROP TRIGGER {name}" if place[0].startswith("sqlite") else f"DROP TRIGGER {name} ON {table}")
        audit = audited(ledger, ledger.head())
        assert [fault.what for fault in audit.faults] == ["guard"] * number
        assert name in {fault.message.values["name"] for fault in audit.faults}


def test_a_trigger_that_was_made_toothless_is_found(ledger: Ledger, place: tuple[str, Tamper]) -> None:
    _, run = guards(place)
    if place[0].startswith("sqlite"):
        run("DROP TRIGGER ledger_events_no_delete")
        run("CREATE TRIGGER ledger_events_no_delete BEFORE DELETE ON ledger_events BEGIN SELECT 1; END")
        expected = ["ledger_events_no_delete"]
    else:
        run("ALTER TABLE ledger_heads DISABLE TRIGGER ledger_heads_no_change")
        assert [each.message.values["name"] for each in audited(ledger).faults] == ["ledger_heads_no_change"]
        run("ALTER TABLE ledger_heads ENABLE TRIGGER ledger_heads_no_change")
        assert audited(ledger).sound
        run(
            "CREATE OR REPLACE FUNCTION ledger_only_added() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NEW; END $$"
        )
        expected = list(POSTGRES)
    faults = audited(ledger).faults
    assert [(each.what, each.message.values["name"]) for each in faults] == [("guard", e) for e in expected]


def test_a_trigger_that_no_ledger_made_is_found(ledger: Ledger, place: tuple[str, Tamper]) -> None:
    _, run = guards(place)
    assert audited(ledger, ledger.head()).sound
    if place[0].startswith("sqlite"):
        run(
            "CREATE TRIGGER tidy AFTER INSERT ON Ledger_Heads BEGIN "
            "UPDATE ledger_events SET body = NULL, salt = NULL WHERE seq = 3; END"
        )
        expected = ["tidy"]
    else:
        run(
            "CREATE FUNCTION tidied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "UPDATE ledger_events SET body = NULL, salt = NULL WHERE seq = 3; RETURN NULL; END $$; "
            "CREATE TRIGGER ledger_events_no_update AFTER INSERT ON ledger_heads EXECUTE FUNCTION tidied(); "
            "CREATE RULE lost AS ON INSERT TO ledger_heads DO ALSO NOTHING"
        )
        expected = ["ledger_events_no_update", "lost"]
    audit = audited(ledger, ledger.head())
    assert {fault.message.code for fault in audit.faults} == {"ledger.foreign_trigger"}
    assert [fault.message.values["name"] for fault in audit.faults] == expected


@pytest.mark.parametrize("teeth", [True, False])
def test_a_ledger_of_before_gets_todays_triggers_and_not_in_place_of_altered_ones(
    tmp_path: Path, teeth: bool
) -> None:
    path = tmp_path / "ledger.db"
    opens = partial(
        open_ledger, f"sqlite:///{path}", [BALANCES],
        key=KEY, clock=Clock(), root=tmp_path, facts=TEST_FACTS,
    )  # fmt: skip
    ledger = opens()
    put(ledger, *(NoteWritten(text="x") for _ in range(5)))
    ledger.close()
    ((name, former),) = FORMER_SQLITE.items()
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(f"DROP TRIGGER {name}")
        file.execute(former if teeth else former.replace("OLD.leaf IS NOT NULL", "1"))
        file.execute("DROP TABLE ledger_leases")
        file.execute("UPDATE ledger_revision SET version_num = '0002'")
    ledger = opens()
    assert audited(ledger).sound is teeth
    ledger.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for sql in REPLACING if teeth else ():
            with pytest.raises(sqlite3.Error, match="only be added"):
                file.execute(sql)


def test_a_published_key_that_is_another_is_found(ledger: Ledger) -> None:
    def with_public(public: str) -> Audit:
        return verify(ledger, [BALANCES], KEY, ledger.head(), public=public, facts=TEST_FACTS)

    assert with_public(public_key(KEY)).sound
    assert [fault.what for fault in with_public(public_key(b"o" * 32)).faults] == ["key"]
    assert with_public("").unknown == (NO_PUBLIC(),)
    put(ledger, ProjectKeyed(project="p", fingerprint="f", public=public_key(b"o" * 32)))
    audit = verify(ledger, [BALANCES], KEY, facts=(*TEST_FACTS, ProjectKeyed))
    assert found(audit, "key") == [10]


def test_a_removed_body_leaves_the_file_of_the_database_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    ledger = open_ledger(url, [BALANCES], key=KEY, clock=Clock(), root=tmp_path, facts=TEST_FACTS)
    put(
        ledger,
        NoteWritten(text="a name that must go"),
        NoteWritten(text="stays"),
        NoteWritten(text="long " + "y" * 9000),
    )
    assert any(b"must go" in path.read_bytes() for path in tmp_path.iterdir())
    ledger.remove_body(1, reason="erasure", by="p-1")
    ledger.remove_body(3, reason="erasure", by="p-1")
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert not [data for data in files if b"must go" in data or b"y" * 100 in data]
    assert any(b"stays" in data for data in files)
    ledger.close()


def test_a_field_that_is_no_longer_of_its_type_is_found(tmp_path: Path) -> None:
    # SQLite keeps whatever it is given; PostgreSQL's columns refuse.
    path = tmp_path / "ledger.db"
    ledger = open_ledger(
        f"sqlite:///{path}",
        [BALANCES], key=KEY, clock=Clock(), root=tmp_path, facts=TEST_FACTS,
    )  # fmt: skip
    put(ledger, *(AmountDeposited(account="anna", amount=n) for n in range(5)))
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for name in SQLITE:
            file.execute(f"DROP TRIGGER {name}")
        file.execute("UPDATE ledger_events SET body = CAST(body AS TEXT) WHERE seq = 1")
        file.execute("UPDATE ledger_events SET at = 'noon' WHERE seq = 2")
        file.execute("UPDATE ledger_events SET kind = x'ff' WHERE seq = 3")
        file.execute("UPDATE ledger_events SET schema = 1.5 WHERE seq = 4")
    assert found(audited(ledger), "unreadable") == [1, 2, 3, 4]
    with pytest.raises(Tampered, match="audit verify"):
        list(ledger.events())
    ledger.close()


INSERT = "INSERT INTO ledger_events VALUES ('default', %s, %s, %s, 1, %s, %s, %s, %s, %s)"


def forge(ledger: Ledger, tamper: Tamper, after: int) -> Head:
    """One event more behind event `after`, linked as a ledger would, by someone who has no key."""
    last = list(ledger.events())[after - 1]
    forged = seal(
        project="default", prev=last.hash, seq=after + 1, at=last.at, kind="test.noted", schema=1,
        body=b'{"text":"nobody wrote this"}',
    )  # fmt: skip
    tamper(
        INSERT, forged.seq, microseconds(forged.at), forged.kind, forged.salt, forged.body, forged.leaf,
        forged.prev, forged.hash,
    )  # fmt: skip
    return Head(seq=forged.seq, hash=forged.hash)


def require_nothing_is_appended(ledger: Ledger, place: tuple[str, Tamper]) -> None:
    """By the process that wrote it, by a new one, and neither where a body is taken away."""
    again = open_ledger(place[0], [BALANCES], key=KEY, clock=Clock(), root=Path("/"), facts=TEST_FACTS)
    before = place[1]("SELECT count(*) FROM ledger_events")
    for each in (ledger, again):
        with pytest.raises(Tampered, match="audit verify"):
            put(each, NoteWritten(text="signs all before it"))
        with pytest.raises((Tampered, NotFound), match="audit verify"):
            each.remove_body(1, reason="erasure", by="p-1")
    again.close()
    assert place[1]("SELECT count(*) FROM ledger_events") == before


def test_nothing_is_signed_on_top_of_an_event_that_was_slipped_in_at_the_end(
    ledger: Ledger, tamper: Tamper, place: tuple[str, Tamper]
) -> None:
    forge(ledger, tamper, 9)
    require_nothing_is_appended(ledger, place)
    assert found(audited(ledger), "signature") == [10]


def test_nothing_is_signed_on_top_of_an_end_that_was_written_anew(
    ledger: Ledger, tamper: Tamper, place: tuple[str, Tamper]
) -> None:
    tamper("DELETE FROM ledger_events WHERE seq > 6")
    tamper("DELETE FROM ledger_heads WHERE seq > 6")
    head = forge(ledger, tamper, 6)
    ledger.rebuild(BALANCES)
    require_nothing_is_appended(ledger, place)
    other = Signer(b"o" * 32)
    for public in (other.public, public_key(KEY)):
        tamper("DELETE FROM ledger_heads WHERE seq > 6")
        tamper(
            "INSERT INTO ledger_heads VALUES ('default', 7, %s, %s, %s)",
            head.hash, other.sign("default", head), public,
        )  # fmt: skip
        require_nothing_is_appended(ledger, place)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM ledger_heads WHERE seq = 9",
        "DELETE FROM ledger_heads",
        "DELETE FROM ledger_events",
        "INSERT INTO ledger_heads SELECT project, 10, link, signature, key FROM ledger_heads WHERE seq = 9",
        "UPDATE ledger_events SET leaf = NULL, salt = NULL WHERE seq = 9",
        "UPDATE ledger_events SET hash = prev WHERE seq = 9",
    ],
)
def test_nothing_is_signed_on_top_of_an_end_that_is_not_the_signed_one(
    ledger: Ledger, tamper: Tamper, place: tuple[str, Tamper], sql: str
) -> None:
    tamper(sql)
    require_nothing_is_appended(ledger, place)
    assert not audited(ledger).sound


def test_a_time_that_was_moved_on_is_not_taken_over(
    ledger: Ledger, tamper: Tamper, place: tuple[str, Tamper]
) -> None:
    tamper("UPDATE ledger_events SET at = at + 1000000 WHERE seq = 9")
    again = open_ledger(place[0], [BALANCES], key=KEY, clock=Clock(), root=Path("/"), facts=TEST_FACTS)
    with pytest.raises(Tampered, match="audit verify"):
        put(again, NoteWritten(text="later than it is"))
    again.close()


def test_a_mark_of_the_key_that_was_taken_away_is_put_back_and_history_goes_on(
    ledger: Ledger, tamper: Tamper
) -> None:
    tamper("DELETE FROM ledger_keyed")
    put(ledger, NoteWritten(text="x"))
    assert audited(ledger).sound
    forge(ledger, tamper, 10)
    tamper("DELETE FROM ledger_keyed")
    with pytest.raises(Tampered, match="audit verify"):
        put(ledger, NoteWritten(text="y"))


@pytest.mark.parametrize(
    ("column", "value"), [("kind", "test.noted"), ("at", 1_767_225_600_000_007), ("schema", 2)]
)
def test_what_is_left_of_an_event_whose_body_was_removed_cannot_be_altered(
    ledger: Ledger, tamper: Tamper, column: str, value: Any
) -> None:
    ledger.remove_body(3, reason="erasure", by="p-1")
    assert audited(ledger).sound
    tamper(f"UPDATE ledger_events SET {column} = %s WHERE seq = 3", value)
    assert 3 in found(audited(ledger), "changed")


def test_an_event_that_was_changed_cannot_be_removed_as_if_it_were_what_was_written(
    ledger: Ledger, tamper: Tamper
) -> None:
    tamper("UPDATE ledger_events SET kind = 'test.noted' WHERE seq = 3")
    with pytest.raises(Tampered, match="audit verify"):
        ledger.remove_body(3, reason="erasure", by="p-1")


def test_an_event_of_the_smallest_number_there_is_is_found(ledger: Ledger, tamper: Tamper) -> None:
    tamper(
        "INSERT INTO ledger_events SELECT project, %s, at, kind, schema, salt, body, leaf, prev, hash "
        "FROM ledger_events WHERE seq = 1",
        -(2**63),
    )
    assert found(audited(ledger, ledger.head()), "number") == [-(2**63)]


E = "UPDATE ledger_events SET "
H = "UPDATE ledger_heads SET "
ODD = [
    *(f"{E}seq = {value} WHERE seq = 9" for value in ("'x'", "9.5", "x'ff'", "9223372036854775807")),
    *(f"{E}hash = {value} WHERE seq = 9" for value in ("x'ff'", "CAST(x'fffe' AS TEXT)")),
    *(
        f"{E}{name} = CAST(x'fffe' AS TEXT) WHERE seq = 9"
        for name in ("kind", "leaf", "prev", "at", "schema")
    ),
    f"{E}at = 9000000000000000000 WHERE seq = 9",
    f"{E}body = 5, salt = 'x' WHERE seq = 9",
    *(f"{H}seq = {value} WHERE seq = 9" for value in ("'x'", "9.5", "x'ff'", "10", "9223372036854775807")),
    *(f"{H}signature = {value} WHERE seq = 9" for value in ("'abc'", "5", "x'00'", "CAST(x'ff' AS TEXT)")),
    *(f"{H}{name} = {value} WHERE seq = 9" for name in ("link", "key") for value in ("x'ff'", "'é'", "7.5")),
]
WRONG_STATES = ["'zzz'", "x'ff'", "CAST(x'fffe' AS TEXT)", "5", "'" + "[" * 50_000 + "'"]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[Ledger, Callable[[str], None], Callable[[], Ledger]]]:
    """A ledger in SQLite, which keeps whatever it is given, what runs SQL on it, and what opens it again."""
    opened: list[Ledger] = []

    def opens() -> Ledger:
        url = f"sqlite:///{tmp_path / 'ledger.db'}"
        opened.append(open_ledger(url, [BALANCES], key=KEY, clock=Clock(), root=tmp_path, facts=TEST_FACTS))
        return opened[-1]

    def run(sql: str) -> None:
        with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as connection:
            for name in SQLITE:
                connection.execute(f"DROP TRIGGER IF EXISTS {name}")
            connection.execute(sql)

    ledger = opens()
    for number in range(9):
        put(ledger, AmountDeposited(account="anna", amount=number))
    yield ledger, run, opens
    for each in opened:
        each.close()


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("sql", ODD)
def test_a_row_of_other_types_is_a_fault_of_the_audit_and_refused_elsewhere(
    file: Any, sql: str, behind: bool
) -> None:
    _, run, opens = file
    run(sql)
    if behind:
        run("UPDATE ledger_kept SET mark = 'x', upto = 'y'")
    ledger = opens()
    with pytest.raises(Tampered, match="audit verify"):
        put(ledger, NoteWritten(text="x"))
    assert {fault.what for fault in audited(ledger).faults} - {"guard", "reading"}
    with pytest.raises(Tampered, match="audit verify"):
        export(ledger, public_key(KEY), (), lambda line: None)


@pytest.mark.parametrize("state", WRONG_STATES, ids=range(len(WRONG_STATES)))
def test_a_state_that_is_none_is_a_fault_of_the_audit_and_refused_elsewhere(file: Any, state: str) -> None:
    ledger, run, _ = file
    run(f"UPDATE ledger_readings SET state = {state}")
    with pytest.raises(Tampered, match="audit verify"):
        ledger.get(BALANCES, "anna")
    with pytest.raises(Tampered, match="audit verify"):
        put(ledger, AmountDeposited(account="anna", amount=1))
    assert "reading" in {fault.what for fault in audited(ledger).faults}


@pytest.mark.parametrize(
    "what", ["mark = x'ff'", "upto = 'x'", "upto = -5", "upto = 1.5", "reading = 'other'"]
)
def test_what_is_stored_of_a_projection_is_made_again_where_it_is_odd(file: Any, what: str) -> None:
    ledger, run, opens = file
    run(f"UPDATE ledger_kept SET {what}")
    for each in (ledger, opens()):
        put(each, AmountDeposited(account="anna", amount=1))
    assert not {fault.what for fault in audited(ledger).faults} - {"guard"}


@pytest.mark.parametrize("key", ["x'ff'", "CAST(x'fffe' AS TEXT)", "5"])
def test_a_state_under_a_key_that_is_no_text_is_found(file: Any, key: str) -> None:
    ledger, run, _ = file
    run(f"INSERT INTO ledger_readings SELECT project, reading, {key}, state FROM ledger_readings")
    assert "reading" in {fault.what for fault in audited(ledger).faults}
