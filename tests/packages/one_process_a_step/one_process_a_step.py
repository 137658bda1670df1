"""An executor made outside of Comporta: each step in a new process, `Project(executor=OneProcessAStep)`."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
import time

import psutil

from comporta.records import Cost, Done, Task, Workplace, decode, encode


class OneProcessAStep:
    """workers: steps at a time. threads: of each."""

    def __init__(self, workplace: Workplace, workers: int = 2) -> None:
        self.workers, self.threads = workers, 1
        self._workplace = workplace
        self._room = threading.Semaphore(workers)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stops = 0

    def warm(self, count: int) -> None:
        pass  # nothing is kept warm

    def run(self, task: Task) -> Done:
        stops = self._stops
        with self._room:
            for _ in range(3):
                if self._stops != stops:
                    return Done(how="stopped", reason="stopped")
                done = self._in_a_process(task)
                if self._stops != stops:
                    return Done(how="stopped", reason="stopped")
                if done is not None:
                    return done
        message = "the project's files changed while it ran"
        return Done(how="raised", error="BadProject", message=message, reason="files changed")

    def stop(self) -> None:
        self._stops += 1
        for process in tuple(self._running):
            _kill(process)

    def close(self) -> None:
        self.stop()

    def _in_a_process(self, task: Task) -> Done | None:
        """What came of the task; None when the worker found other files than the recipe names."""
        place = self._workplace
        process = subprocess.Popen(
            place.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=place.root,
            env={**os.environ, **place.environment(self.threads)},
            start_new_session=True,
        )
        self._running.add(process)
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(place.hello + encode(task) + b"\n")
            return _answer(process, task)
        finally:
            self._running.discard(process)
            _kill(process)
            process.wait()
            process.stdin.close()
            process.stdout.close()


def _answer(process: subprocess.Popen[bytes], task: Task) -> Done | None:
    began, read = None, b""
    while True:
        if select.select([process.stdout], [], [], 0.02)[0]:
            part = os.read(process.stdout.fileno(), 1 << 20)
            if not part:
                message = f"its process ended with {process.wait()}"
                return Done(how="died", error="StepFailed", message=message, reason="died")
            read += part
        if read.startswith(b"began\n"):
            read, began = read.removeprefix(b"began\n"), time.monotonic()
        if read == b"stale\n":
            return None
        if read.endswith(b"\n"):
            return decode(read, Done)
        seconds = 0.0 if began is None else time.monotonic() - began
        limits = task.limits
        if limits.seconds is not None and seconds > limits.seconds:
            return _passed("time", seconds)
        if limits.memory is not None and _memory(process.pid) > limits.memory:
            return _passed("memory", seconds)


def _passed(how: str, seconds: float) -> Done:
    message = f"passed its limit of {how} and was ended"
    cost = Cost(wall_seconds=seconds)
    return Done(how=how, error="LimitPassed", message=message, reason=f"limit of {how}", cost=cost)


def _memory(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
