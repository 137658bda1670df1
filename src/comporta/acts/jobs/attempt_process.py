"""An attempt's process, as its worker sees it: started, watched, and killed with all that it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil

from comporta.acts.jobs.attempt import LOG, REPORT, AttemptOrder, AttemptReport
from comporta.jobs.codes import DIED, EXITED
from comporta.records import Text, decode, encode
from comporta.records.job import Job

MARK = "COMPORTA_ATTEMPT"
"""In the environment of each process of an attempt: by it they are found, in whatever group they are."""
LONGEST_LOG = 1 << 20
"""Bytes kept of the end of what an attempt printed."""
_LOOK = 0.02  # seconds between two looks at whether what was killed is gone


class AttemptProcess:
    """folder: of this attempt alone; gone once `close` was called."""

    def __init__(self, root: Path, folder: Path, job: Job) -> None:
        self._folder = folder
        self._mark = f"{job.id}-{job.token}"
        folder.mkdir(mode=0o700, parents=True)
        order = AttemptOrder(
            root=str(root), folder=str(folder), job=job.id, token=job.token, request=job.request
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "comporta.acts.jobs.attempt"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=root,
            env={**os.environ, MARK: self._mark},
            start_new_session=True,
        )
        self.began = time.monotonic()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # seen when it is asked how it ended
            self._process.stdin.write(encode(order) + b"\n")
            self._process.stdin.flush()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        """Ends it and every process that it started; none of them lives when this returns."""
        while True:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if self._process.poll() is None:
                    os.killpg(self._process.pid, signal.SIGKILL)
            found = list(self._living())
            for each in found:
                with contextlib.suppress(psutil.Error):
                    each.kill()
            if not found and self._process.poll() is not None:
                return
            time.sleep(_LOOK)

    def _living(self) -> Iterator[psutil.Process]:
        for each in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if each.environ().get(MARK) == self._mark and each.status() != psutil.STATUS_ZOMBIE:
                    yield each

    def report(self) -> AttemptReport:
        """How it ended: by its own report, or that it died before it wrote one."""
        try:
            return decode((self._folder / REPORT).read_bytes(), AttemptReport)
        except (OSError, msgspec.MsgspecError):
            return AttemptReport(outcome="died", reason=self._why())

    def _why(self) -> Text:
        code = self._process.wait()
        return DIED(signal=signal.Signals(-code).name) if code < 0 else EXITED(code=code)

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
