"""Many writers, killed writers, full disks and broken connections, on real databases."""

import os
import random
import select
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from comporta.errors import BadProject, Busy, StorageFull
from comporta.ledger import Ledger, open_ledger, verify
from comporta.ledger.sql import SqlLedger
from comporta.ledger.sqlite import Sqlite
from comporta.records import Transaction
from comporta.testing import Clock, running_postgres
from comporta.testing.ledgers import BALANCES, COUNTS, KEY, TEST_FACTS, AmountDeposited, put


def opened(url: str, root: Path) -> Ledger:
    return open_ledger(url, [BALANCES], key=KEY, clock=lambda: datetime.now(UTC), root=root, facts=TEST_FACTS)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture
def postgres(server: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public")
    return server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return "sqlite:///ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgres")


def sound(ledger: Ledger) -> bool:
    audit = verify(ledger, [BALANCES], KEY, ledger.head(), facts=TEST_FACTS)
    assert audit.sound, audit.faults
    return audit.sound


def _count_up(url: str, root: str, times: int, start: Any, failed: Any) -> None:
    try:
        start.wait()
        ledger = opened(url, Path(root))  # opening at once is part of the test: who makes the tables?

        def act(turn: Transaction) -> None:
            was = turn.get(BALANCES, "shared")
            turn.append(AmountDeposited(account="shared", amount=1 + (was.entries if was else 0)))

        for _ in range(times):
            ledger.transact(act)
        ledger.close()
    except BaseException as error:
        failed.put(repr(error))
        raise


def test_eight_processes_write_one_chain_without_a_lock_error(url: str, tmp_path: Path) -> None:
    context = get_context("fork")
    start, failed, times = context.Barrier(8), context.Queue(), 40
    writers = [
        context.Process(target=_count_up, args=(url, str(tmp_path), times, start, failed)) for _ in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 8, failed.get(timeout=1)
    ledger = opened(url, tmp_path)
    total = 8 * times
    assert [event.seq for event in ledger.events()] == list(range(1, total + 1))
    balance = ledger.get(BALANCES, "shared")
    assert balance is not None
    assert (balance.entries, balance.amount) == (total, total * (total + 1) // 2)
    assert sound(ledger)
    ledger.close()


def _append_until_killed(url: str, root: str, acknowledged: int) -> None:
    ledger = opened(url, Path(root))
    number = 0
    while True:
        number += 1
        account = f"{os.getpid()}-{number}"
        put(ledger, AmountDeposited(account=account, amount=1), AmountDeposited(account=account, amount=2))
        os.write(acknowledged, f"{account}\n".encode())


def test_what_was_acknowledged_is_kept_after_kills_at_random_moments(url: str, tmp_path: Path) -> None:
    opened(url, tmp_path).close()
    context, chance = get_context("fork"), random.Random(11)
    acknowledged: list[str] = []
    for _ in range(8):
        out, into = os.pipe()
        asked = (url, str(tmp_path), into)
        writers = [context.Process(target=_append_until_killed, args=asked) for _ in range(2)]
        for writer in writers:
            writer.start()
        os.close(into)
        select.select(
            [out], [], [], 60
        )  # at work: on a busy machine opening may take longer than what follows
        time.sleep(chance.uniform(0.0, 0.2))
        for writer in writers:
            assert writer.pid is not None
            os.kill(writer.pid, signal.SIGKILL)
        for writer in writers:
            writer.join()
        with os.fdopen(out) as pipe:
            acknowledged += [line.rstrip("\n") for line in pipe if line.endswith("\n")]
    assert acknowledged
    ledger = opened(url, tmp_path)
    for account in acknowledged:
        balance = ledger.get(BALANCES, account)
        assert balance is not None
        assert (balance.amount, balance.entries) == (3, 2)
    # All of a transaction or none: no account has one deposit only.
    assert {balance.entries for _, balance in ledger.scan(BALANCES)} == {2}
    assert sound(ledger)
    ledger.close()


def _stand_still(url: str, root: str, stop: int, said: int) -> None:
    """One transaction that stops for good before its statement number `stop`, so as to be killed there."""
    ledger = opened(url, Path(root))
    assert isinstance(ledger, SqlLedger)
    acts = 0

    def numbered(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        nonlocal acts
        if acts == stop:
            os.write(said, f"before {statement.split()[0]}\n".encode())
            time.sleep(60)
        acts += 1

    event.listen(ledger._database.engine, "before_cursor_execute", numbered)
    put(ledger, AmountDeposited(account=str(stop), amount=1), AmountDeposited(account=str(stop), amount=1))
    os.write(said, b"done\n")
    time.sleep(60)


def test_a_writer_killed_before_any_statement_leaves_all_or_nothing(url: str, tmp_path: Path) -> None:
    ledger = opened(url, tmp_path)
    for stop in range(12):
        out, into = os.pipe()
        writer = get_context("fork").Process(target=_stand_still, args=(url, str(tmp_path), stop, into))
        writer.start()
        os.close(into)
        with os.fdopen(out) as pipe:
            said = pipe.readline().strip()
            writer.kill()
            writer.join()
        balance = ledger.get(BALANCES, str(stop))
        assert (balance is not None and balance.entries == 2) if said == "done" else balance is None, said
        # And the killed one's turn is over: the next writer does not wait for it.
        began = time.monotonic()
        put(ledger, AmountDeposited(account=f"next {stop}", amount=1))
        assert time.monotonic() - began < 5
        if said == "done":
            break
    assert said == "done"
    assert sound(ledger)
    ledger.close()


def test_a_holder_that_does_not_let_go_is_said_after_a_while(tmp_path: Path) -> None:
    holder = opened("sqlite:///ledger.db", tmp_path)
    waiting = SqlLedger(
        Sqlite(tmp_path / "ledger.db", patience=0.3), [BALANCES], key=KEY, clock=Clock(), facts=TEST_FACTS
    )

    def hold(turn: Transaction) -> None:
        with pytest.raises(Busy, match=r"held it for 0\.3 s"):
            put(waiting, AmountDeposited(account="a", amount=1))
        assert waiting.get(BALANCES, "a") is None  # readers do not wait
        turn.append(AmountDeposited(account="b", amount=1))

    holder.transact(hold)
    put(waiting, AmountDeposited(account="a", amount=1))
    assert [key for key, _ in holder.scan(BALANCES)] == ["a", "b"]


def test_a_stranger_who_locks_the_file_is_waited_for_and_then_said(tmp_path: Path) -> None:
    opened("sqlite:///ledger.db", tmp_path).close()
    stranger = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None, check_same_thread=False)
    stranger.execute("BEGIN IMMEDIATE")
    ledger = SqlLedger(
        Sqlite(tmp_path / "ledger.db", patience=0.3), [BALANCES], key=KEY, clock=Clock(), facts=TEST_FACTS
    )
    with pytest.raises(Busy):
        put(ledger, AmountDeposited(account="a", amount=1))
    later = threading.Timer(0.1, lambda: stranger.execute("COMMIT"))
    later.start()
    put(ledger, AmountDeposited(account="a", amount=1))
    later.join()
    stranger.close()
    ledger.close()


def test_a_full_disk_is_said_loses_nothing_and_the_ledger_goes_on(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    small = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    ledger = opened("sqlite:///ledger.db", disk)
    try:
        if small.returncode:
            # No right to mount: SQLite's own limit gives its own error for a full disk.
            _limit(ledger, 60)
        kept = 0
        with pytest.raises(StorageFull, match="nothing was half-written"):
            while True:
                put(ledger, *(AmountDeposited(account=f"{kept}-{n}", amount=1) for n in range(100)))
                kept += 1
        assert kept > 0
        assert len(ledger.scan(BALANCES)) == 100 * kept
        assert sound(ledger)
        if small.returncode:
            _limit(ledger, 10**6)
        else:
            subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        put(ledger, AmountDeposited(account="after", amount=1))
        assert len(ledger.scan(BALANCES)) == 100 * kept + 1
        assert sound(ledger)
    finally:
        ledger.close()
        if not small.returncode:
            subprocess.run(["umount", "-l", str(disk)], check=True)


def _limit(ledger: Ledger, pages: int) -> None:
    assert isinstance(ledger, SqlLedger)
    engine = ledger._database.engine
    engine.dispose()
    event.listen(engine, "connect", lambda driver, _: driver.execute(f"PRAGMA max_page_count={pages}"))


def test_only_its_owner_may_read_a_ledger(tmp_path: Path) -> None:
    was = os.umask(0)
    try:
        ledger = opened("sqlite:///sub/ledger.db", tmp_path)
        put(ledger, AmountDeposited(account="a", amount=1))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "sub").iterdir()}
        ledger.close()
    finally:
        os.umask(was)
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "sub").stat().st_mode) == 0o700


def test_a_file_that_is_no_ledger_is_said(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"these are not the bytes of a database" * 100)
    with pytest.raises(BadProject, match="not a sound SQLite file"):
        opened("sqlite:///ledger.db", tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadProject, match="cannot be opened"):
        opened("sqlite:///folder", tmp_path)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", "cannot be reached"),
        ("postgresql://a:b:c@d:e:f/g", "no URL of a database"),
        ("mysql://x/y", "expected sqlite"),
        ("sqlite:///", "expected sqlite"),
        ("ledger.db", "expected sqlite"),
    ],
)
def test_a_url_that_leads_nowhere_is_said(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(BadProject, match=says):
        opened(url, tmp_path)


def test_a_wrong_database_or_user_is_said_without_a_password(postgres: str, tmp_path: Path) -> None:
    for wrong in (postgres.replace("/postgres?", "/missing?"), postgres.replace("postgres@", "eve:secret@")):
        with pytest.raises(BadProject) as caught:
            opened(wrong, tmp_path)
        assert "secret" not in str(caught.value)


def test_a_ledger_of_a_newer_comporta_is_refused(url: str, tmp_path: Path, server: str) -> None:
    opened(url, tmp_path).close()
    sql = "UPDATE ledger_revision SET version_num = '9999'"
    if url.startswith("sqlite"):
        with sqlite3.connect(tmp_path / "ledger.db") as file:
            file.execute(sql)
        file.close()
    else:
        with psycopg.connect(server) as connection:
            connection.execute(sql)
    with pytest.raises(BadProject, match=r"9999.*Upgrade"):
        opened(url, tmp_path)


def _in_child(ledger: Ledger) -> None:
    put(ledger, AmountDeposited(account="child", amount=1))


def test_a_forked_process_may_go_on_with_its_own_connections(url: str, tmp_path: Path) -> None:
    ledger = opened(url, tmp_path)
    put(ledger, AmountDeposited(account="parent", amount=1))
    child = get_context("fork").Process(target=_in_child, args=(ledger,))
    child.start()
    child.join()
    assert child.exitcode == 0
    put(ledger, AmountDeposited(account="parent", amount=1))
    assert [key for key, _ in ledger.scan(BALANCES)] == ["child", "parent"]
    assert sound(ledger)
    ledger.close()


def _cut_off_others(server: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )


def test_a_connection_that_broke_between_transactions_is_made_anew(postgres: str, tmp_path: Path) -> None:
    ledger = opened(postgres, tmp_path)
    put(ledger, AmountDeposited(account="a", amount=1))
    _cut_off_others(postgres)
    put(ledger, AmountDeposited(account="a", amount=1))
    _cut_off_others(postgres)
    balance = ledger.get(BALANCES, "a")
    assert balance is not None
    assert balance.entries == 2
    ledger.close()


@pytest.mark.parametrize("when", ["in the act", "before the commit", "after the commit"])
def test_a_connection_that_breaks_in_a_transaction_keeps_it_once(
    postgres: str, tmp_path: Path, when: str
) -> None:
    ledger = opened(postgres, tmp_path)
    assert isinstance(ledger, SqlLedger)
    cut: list[str] = []
    asked: list[int] = []

    def act(turn: Transaction) -> int:
        asked.append(1)
        turn.append(AmountDeposited(account="a", amount=1))
        if when == "in the act" and not cut:
            cut.append(when)
            _cut_off_others(postgres)
        turn.get(BALANCES, "b")
        return len(asked)

    def before(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement == "COMMIT" and not cut and when == "before the commit":
            cut.append(when)
            _cut_off_others(postgres)

    def behind(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        # The server has committed, but its word for it does not arrive.
        if statement == "COMMIT" and not cut and when == "after the commit":
            cut.append(when)
            _cut_off_others(postgres)
            cursor.execute("SELECT 1")

    event.listen(ledger._database.engine, "before_cursor_execute", before)
    event.listen(ledger._database.engine, "after_cursor_execute", behind)
    assert ledger.transact(act) == (1 if when == "after the commit" else 2)
    assert cut == [when]
    assert ledger.head().seq == 1
    assert sound(ledger)
    ledger.close()


def test_a_new_reading_is_folded_once_when_several_open_at_once(url: str, tmp_path: Path) -> None:
    ledger = opened(url, tmp_path)
    put(ledger, *(AmountDeposited(account="a", amount=1) for _ in range(500)))

    def count() -> int | None:
        both = open_ledger(url, [BALANCES, COUNTS], key=KEY, clock=Clock(), root=tmp_path, facts=TEST_FACTS)
        try:
            return both.get(COUNTS, "all")
        finally:
            both.close()

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        assert [each.result() for each in [pool.submit(count) for _ in range(4)]] == [500] * 4
    ledger.close()


def _write_once(root: str) -> None:
    ledger = opened("sqlite:///ledger.db", Path(root))
    put(ledger, AmountDeposited(account="other", amount=1))
    ledger.close()


def test_a_process_that_opens_its_ledger_twice_keeps_its_hold_of_it(tmp_path: Path) -> None:
    mine = [opened("sqlite:///ledger.db", tmp_path) for _ in range(2)]
    for turn in range(3):
        for ledger in mine:
            put(ledger, AmountDeposited(account="mine", amount=1))
        # Were our locks gone, its end would be taken for the last one's, and the log deleted under us.
        child = get_context("spawn").Process(target=_write_once, args=(str(tmp_path),))
        child.start()
        child.join()
        assert child.exitcode == 0
        assert (tmp_path / "ledger.db-wal").exists()
        assert [ledger.head().seq for ledger in mine] == [3 * (turn + 1)] * 2
        mine.append(opened("sqlite:///ledger.db", tmp_path))
        mine.pop().close()
    assert sound(mine[0])


_GROW = """
import sys
from pathlib import Path
from comporta.errors import StorageFull
from comporta.ledger import open_ledger
from comporta.testing import Clock
from comporta.testing.ledgers import BALANCES, KEY, TEST_FACTS, AmountDeposited, put

ledger = open_ledger(
    "sqlite:///ledger.db", [BALANCES], key=KEY, clock=Clock(), root=Path(sys.argv[1]), facts=TEST_FACTS
)
try:
    while True:
        put(ledger, *(AmountDeposited(account=f"a{n}", amount=1) for n in range(100)))
except StorageFull as error:
    print(error)
"""


def test_a_limit_on_the_size_of_files_is_a_full_disk(tmp_path: Path) -> None:
    ledger = opened("sqlite:///ledger.db", tmp_path)
    limited = subprocess.run(
        ["bash", "-c", 'ulimit -f 400; exec "$@"', "-", sys.executable, "-c", _GROW, str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "nothing was half-written" in limited.stdout
    assert sound(ledger)
    put(ledger, AmountDeposited(account="after", amount=1))
    ledger.close()
