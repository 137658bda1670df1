"""What is kept of what runs: a process is known by when it began, and the log has its bounds."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comporta.acts.up.down import down
from comporta.acts.up.folder import RunningPart, UpFolder, UpRecord
from comporta.acts.up.log import LONGEST_LINE, PartLog
from comporta.acts.up.process_identity import is_running, process_identity, signal_process
from comporta.acts.up.status import status
from comporta.errors import BadProject

AT = datetime(2026, 12, 1, 12, tzinfo=UTC)


def record(pid: int, identity: str, *parts: RunningPart) -> UpRecord:
    return UpRecord(pid=pid, identity=identity, began=AT, parts=parts, urls={"server": "http://x:1"})


def test_a_process_is_known_by_when_it_began_and_not_by_its_number() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        identity = process_identity(process.pid)
        assert is_running(process.pid, identity)
        # Another that got the number later: it is not sent a signal.
        assert not signal_process(process.pid, f"{identity}0", signal.SIGKILL)
        assert process.poll() is None
        assert signal_process(process.pid, identity, signal.SIGKILL)
    assert not is_running(process.pid, identity)
    assert process_identity(process.pid) == ""
    assert not is_running(process.pid, "")


def test_one_supervisor_at_a_time_and_the_second_is_told_of_the_first(tmp_path: Path) -> None:
    first, second = UpFolder(tmp_path), UpFolder(tmp_path)
    with first.hold():
        first.write(record(os.getpid(), process_identity(os.getpid())))
        with (
            pytest.raises(BadProject, match=rf"up already \(process {os.getpid()}, since 2026-12-01"),
            second.hold(),
        ):
            pass
        assert second.is_held()
    assert not second.is_held()


def test_who_only_asks_whether_it_is_up_keeps_nobody_from_it(tmp_path: Path) -> None:
    """As `comporta status` while the machine starts `comporta up` again."""
    folder = UpFolder(tmp_path)
    folder.path.mkdir(parents=True)
    asking = os.open(folder.path / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(asking, fcntl.LOCK_EX)
    answered = threading.Timer(0.05, os.close, (asking,))
    answered.start()
    with folder.hold():
        assert folder.is_held()
    answered.join()


def test_a_record_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    folder = UpFolder(tmp_path)
    folder.path.mkdir(parents=True)
    (folder.path / "state.json").write_bytes(b'{"pid": "many"')
    assert folder.read() is None
    assert not status(folder).parts


def test_status_tells_what_the_system_confirms(tmp_path: Path) -> None:
    folder, me = UpFolder(tmp_path), process_identity(os.getpid())
    parts = (
        RunningPart(
            name="server", phase="running", since=AT, pid=os.getpid(), identity=me, starts=3, last="died"
        ),
        RunningPart(name="control", phase="running", since=AT, pid=os.getpid(), identity="another"),
        RunningPart(name="worker", phase="waiting", since=AT),
    )
    with folder.hold():
        folder.write(record(os.getpid(), me, *parts))
        found = status(folder)
        assert found.up and [each.state for each in found.parts] == ["running", "dead", "waiting"]
        assert (found.parts[0].restarts, found.parts[0].url, found.parts[0].last) == (2, "http://x:1", "died")
    found = status(folder)
    assert not found.up and [each.state for each in found.parts] == ["unsupervised", "dead", "dead"]


def test_down_ends_what_ran_on_without_a_supervisor_and_kills_who_does_not_listen(tmp_path: Path) -> None:
    folder = UpFolder(tmp_path)
    folder.path.mkdir(parents=True)
    deaf = (
        "import signal, sys; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", deaf], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"deaf\n"
        left = RunningPart(
            name="server", phase="running", since=AT, pid=process.pid, identity=process_identity(process.pid)
        )
        folder.write(record(1, "gone", left))
        done = down(folder, grace=0.1)
        assert (done.was_up, done.ended) == (False, ("server",))
        assert process.wait() == -signal.SIGKILL
    assert folder.read() is None
    assert down(folder).ended == ()


def test_the_log_has_two_files_of_bounded_size_and_every_line_its_part(tmp_path: Path) -> None:
    told: list[str] = []
    log = PartLog(tmp_path / "log", now=lambda: AT, echo=told.append, most=2000)
    for number in range(100):
        log.write("server", f"line {number}")
    log.close()
    now, before = (tmp_path / "log").read_text(), (tmp_path / "log.1").read_text()
    assert len(now) <= 2000 and len(before) <= 2000
    assert (before + now).splitlines()[-1] == "2026-12-01T12:00:00.000000Z server   line 99"
    assert told[0] == "server  | line 0" and len(told) == 100
    assert sorted(each.name for each in tmp_path.iterdir()) == ["log", "log.1"]
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_line_moves_no_cursor_and_is_not_endless(tmp_path: Path) -> None:
    log = PartLog(tmp_path / "log", now=lambda: AT, echo=lambda line: None)
    log.write("server", "\x1b[2J" + "x" * 100_000)
    log.close()
    text = (tmp_path / "log").read_text()
    assert "\x1b" not in text and len(text) < LONGEST_LINE + 100


def test_a_log_that_cannot_be_written_is_told_once_and_ends_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    log = PartLog(tmp_path / "none" / "log", now=lambda: AT, echo=told.append)
    log.write("server", "one")
    log.write("server", "two")
    assert [each for each in told if "lines are lost" in each] == [
        f"up      | {tmp_path}/none/log: lines are lost, it cannot be written (No such file or directory)."
    ]
    assert [each for each in told if each.startswith("server")] == ["server  | one", "server  | two"]
