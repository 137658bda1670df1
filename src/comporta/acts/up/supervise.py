"""The loop that runs the parts: it waits for what happens, asks `decide`, and does what that says."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from comporta.acts.up.folder import RunningPart, UpFolder, UpRecord
from comporta.acts.up.log import PartLog
from comporta.acts.up.part import SupervisedPart
from comporta.acts.up.part_process import PartProcess
from comporta.acts.up.process_identity import process_identity
from comporta.acts.up.supervision import (
    CommitChanged,
    EndAsked,
    Happening,
    PartEnded,
    SignalPart,
    StartFailed,
    StartPart,
    Supervision,
    TimePassed,
    begin,
    decide,
)
from comporta.serve.child_processes import END_SIGNALS, signals_as_bytes

_LONGEST_WAIT = 5.0
_NEW_COMMIT = 0
"""A byte that is no signal's number."""


class PartSupervisor:
    """Runs the parts until it is told to end and all of them have. urls: part → its address, to be recorded.
    has_code: as in `begin`."""

    def __init__(
        self,
        parts: tuple[SupervisedPart, ...],
        folder: UpFolder,
        log: PartLog,
        *,
        root: Path,
        now: Callable[[], datetime],
        urls: dict[str, str],
        has_code: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state: Supervision = begin(parts, has_code=has_code)
        self._folder, self._log, self._root = folder, log, root
        self._now, self._monotonic = now, monotonic
        self._processes: dict[str, PartProcess] = {}
        self._changed_at: dict[str, tuple[str, datetime]] = {}
        self._record = UpRecord(
            pid=os.getpid(), identity=process_identity(os.getpid()), began=now(), urls=urls
        )
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._waker, False)

    def say(self, text: str) -> None:
        """A line of the supervisor's own in the log."""
        self._log.write("up", text)

    def note_commit(self) -> None:
        """Another commit's code is current; may be called by another thread."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._waker, bytes([_NEW_COMMIT]))

    def close(self) -> None:
        """Once it ran, and nobody notes commits any more."""
        os.close(self._wake)
        os.close(self._waker)

    def run(self) -> None:
        """Until the end. Where an error of its own ends it, what answers requests goes on."""
        try:
            with signals_as_bytes(self._waker, (*END_SIGNALS, signal.SIGCHLD)):
                self._happen(TimePassed())
                while not self._state.is_over:
                    self._wait()
        finally:
            for each in self._state.parts:
                if each.part.name in self._processes and not each.part.outlives:
                    self._processes[each.part.name].kill()

    def _wait(self) -> None:
        """Until something happens, or is due."""
        due = self._state.next_due()
        wait = _LONGEST_WAIT if due is None else max(0.0, min(_LONGEST_WAIT, due - self._monotonic()))
        outputs = {
            each.descriptor: name for name, each in self._processes.items() if each.descriptor is not None
        }
        readable, _, _ = select.select([self._wake, *outputs], [], [], wait)
        for descriptor in readable:
            if descriptor != self._wake:
                self._hear(outputs[descriptor])
        if self._wake in readable:
            for number in os.read(self._wake, 4096):
                if number in END_SIGNALS:
                    self._happen(EndAsked())
                elif number == _NEW_COMMIT:
                    self._happen(CommitChanged())
        self._see_ends()
        self._happen(TimePassed())

    def _hear(self, name: str) -> None:
        for line in self._processes[name].read_lines():
            self._log.write(name, line)

    def _see_ends(self) -> None:
        for name, process in tuple(self._processes.items()):
            code = process.poll()
            if code is not None:
                self._hear(name)
                process.close()
                del self._processes[name]
                self._happen(PartEnded(name=name, code=code, line=process.last[:300]))

    def _happen(self, happened: Happening) -> None:
        before = self._state
        self._state, commands = decide(before, happened, self._monotonic())
        failures = []
        for each in commands:
            if isinstance(each, StartPart):
                failures += self._start(each.name)
            elif isinstance(each, SignalPart):
                self._signal(each)
            else:
                self.say(each.text)
        if self._state != before:
            self._write_record()
        for failure in failures:
            self._happen(failure)

    def _start(self, name: str) -> list[StartFailed]:
        part = next(each.part for each in self._state.parts if each.part.name == name)
        try:
            self._processes[name] = PartProcess(part, self._root)
        except OSError as error:
            return [StartFailed(name=name, why=error.strerror or type(error).__name__)]
        return []

    def _signal(self, command: SignalPart) -> None:
        process = self._processes.get(command.name)
        if process is None:
            return
        if command.signal == "SIGKILL":
            process.kill()
        else:
            process.signal(signal.Signals[command.signal])

    def _write_record(self) -> None:
        now = self._now()
        parts = []
        for each in self._state.parts:
            name = each.part.name
            if self._changed_at.get(name, ("", now))[0] != f"{each.phase} {each.starts}":
                self._changed_at[name] = f"{each.phase} {each.starts}", now
            process = self._processes.get(name)
            parts.append(
                RunningPart(
                    name=name,
                    phase=each.phase,
                    since=self._changed_at[name][1],
                    pid=0 if process is None else process.pid,
                    identity="" if process is None else process.identity,
                    starts=each.starts,
                    last=each.last,
                )
            )
        self._record = replace(self._record, parts=tuple(parts))
        with contextlib.suppress(
            OSError
        ):  # a full disk: what runs goes on, and is recorded at the next change
            self._folder.write(self._record)
