"""An attempt's process, as its worker sees it: started, watched, and killed with all that it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from comporta.acts.jobs.attempt import LOG, NO_ROOM_EXIT, REPORT, AttemptOrder, AttemptReport
from comporta.acts.jobs.attempt_marks import MARK, kill_marked, mark_of
from comporta.jobs.codes import DIED, EXITED, NO_ROOM
from comporta.opened.project_place import ProjectPlace
from comporta.records import Text, decode, encode
from comporta.records.job import Job
from comporta.records.signal_name import signal_name

LONGEST_LOG = 1 << 20
"""Bytes kept of the end of what an attempt printed."""

ATTEMPT_COMMAND = (sys.executable, "-P", "-m", "comporta.acts.jobs.attempt")
"""What carries out an attempt: its order on standard input. -P: no module of the project's folder is taken
for one that Comporta imports."""


class AttemptProcess:
    """folder: of this attempt alone; gone once `close` was called. silence: seconds without `beat` after
    which it ends itself. command: of the process. Raises OSError where it cannot be started."""

    def __init__(
        self,
        place: ProjectPlace,
        folder: Path,
        job: Job,
        silence: float,
        command: Sequence[str] = ATTEMPT_COMMAND,
    ) -> None:
        self._folder = folder
        self._mark = mark_of(job.id, job.token)
        folder.mkdir(mode=0o700, parents=True)
        order = AttemptOrder(
            place=place,
            folder=str(folder),
            job=job.id,
            token=job.token,
            request=job.request,
            silence=silence,
        )
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=place.root,
            env={**os.environ, MARK: self._mark},
            start_new_session=True,
        )
        self.began = time.monotonic()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # seen when it is asked how it ended
            self._process.stdin.write(encode(order) + b"\n")
            self._process.stdin.flush()
        os.set_blocking(self._process.stdin.fileno(), False)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def beat(self) -> None:
        """Lets it know that its worker lives."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, BlockingIOError):  # a stopped one does not read
            os.write(self._process.stdin.fileno(), b"\n")

    def kill(self) -> None:
        """Ends it and every process that it started; none of them lives when this returns."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        kill_marked(self._mark)
        self._process.wait()

    def report(self) -> AttemptReport:
        """How it ended: by its own report, or that it died before it wrote one."""
        try:
            return decode((self._folder / REPORT).read_bytes(), AttemptReport)
        except (OSError, msgspec.MsgspecError):
            if self._process.wait() == NO_ROOM_EXIT:
                return AttemptReport(outcome="parked", reason=NO_ROOM())
            return AttemptReport(outcome="died", reason=self._why())

    def _why(self) -> Text:
        code = self._process.wait()
        return DIED(signal=signal_name(-code)) if code < 0 else EXITED(code=code)

    def log(self) -> bytes:
        """The end of what it printed."""
        try:
            with (self._folder / LOG).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - LONGEST_LOG))
                return file.read()
        except OSError:
            return b""

    def close(self) -> None:
        """Removes what it left. It and all that it started are dead."""
        self.kill()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)
