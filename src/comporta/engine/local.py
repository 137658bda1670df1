"""Steps in processes of this machine that stay warm from one step to the next.

Spawned, never forked: polars' and BLAS' threads do not survive a fork. Each worker leads a process group of
its own, so that ending it ends what it started.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, urlsplit

from comporta.errors import BadProject
from comporta.records import decode, encode
from comporta.records.executor import BEGAN, STALE, Done, Task, Workplace
from comporta.records.signal_name import signal_name

if TYPE_CHECKING:
    from comporta.engine.process_watch import ProcessWatch

_LOOK = 0.02  # seconds between two looks at a step's memory
_LOADING = 60.0  # seconds a worker may take beyond a step's limit before it begins


def cores() -> int:
    """Those this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def workers_and_threads(url: str) -> tuple[int, int]:
    """Workers and threads of each from `local://?workers=2&threads=1`.

    Absent: two workers where there are two cores, and the cores shared among them.
    """
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    unknown = sorted(set(options) - {"workers", "threads"})
    if parts.scheme != "local" or parts.netloc or unknown:
        raise BadProject(f"executor: found {url!r}, expected local:// or local://?workers=2&threads=1.")

    def number(name: str, otherwise: int) -> int:
        given = options.get(name, [str(otherwise)])[-1]
        if not given.isdecimal() or int(given) < 1:
            raise BadProject(f"executor: found {name}={given}, expected a whole number from 1.")
        return int(given)

    workers = number("workers", min(2, cores()))
    return workers, number("threads", max(1, cores() // workers))


class Local:
    """An executor on this machine. workers: steps at a time. threads: of each step, always the same."""

    def __init__(
        self,
        workplace: Workplace,
        *,
        workers: int,
        threads: int,
    ) -> None:
        if sys.platform not in ("linux", "darwin"):
            raise BadProject(f"found {sys.platform}, expected Linux or macOS: steps cannot be run here.")
        self.workers, self.threads = workers, threads
        self._workplace = workplace
        self._room = threading.Semaphore(workers)
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._stops = 0

    def warm(self, count: int) -> None:
        """Starts workers that will be needed; they load while the plan is still looked at."""
        with self._lock:
            for _ in range(min(count, self.workers) - len(self._idle) - len(self._busy)):
                self._idle.append(self._start())

    def run(self, task: Task) -> Done:
        stops = self._stops  # before there is room: what waits for it is stopped too
        with self._room:
            for _ in range(3):
                if self._stops != stops:
                    return Done(how="stopped")
                worker = self._take()
                try:
                    if self._stops != stops:
                        return Done(how="stopped")
                    done = worker.run(task, lambda: self._stops != stops)
                finally:
                    self._give(worker)
                if done is not None:
                    return done
            return Done(
                how="raised",
                error="BadProject",
                message="the project's files changed again and again while it ran. Run it once they rest.",
                reason="files changed",
            )

    def stop(self) -> None:
        with self._lock:
            self._stops += 1
            for worker in self._busy:
                worker.signal()

    def close(self) -> None:
        self.stop()
        with self._lock:
            for worker in self._idle:
                worker.end()
            self._idle.clear()

    def _take(self) -> Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.alive():
                    break
                worker.end()
            else:
                worker = self._start()
            self._busy.add(worker)
            return worker

    def _give(self, worker: Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            if worker.alive() and not worker.spent:
                self._idle.append(worker)
                return
        worker.end()

    def _start(self) -> Worker:
        return Worker(self._workplace, self.threads)


class Worker:
    """One process. spent: it is not to be given another task."""

    def __init__(self, workplace: Workplace, threads: int) -> None:
        self.spent = False
        self._process = subprocess.Popen(
            workplace.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=workplace.root,
            env={**os.environ, **workplace.environment(threads)},
            start_new_session=True,
        )
        self._send(workplace.hello)

    def alive(self) -> bool:
        return self._process.poll() is None

    def signal(self) -> None:
        """Ends the whole group at once."""
        self.spent = True
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> None:
        """Ends the whole group; dead when this returns."""
        self.signal()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def run(self, task: Task, stopped: Callable[[], bool]) -> Done | None:
        """What came of the task; None when the worker must be another."""
        from comporta.engine.process_watch import ProcessWatch  # brings psutil: only where a step runs

        self._send(encode(task) + b"\n")
        began = time.monotonic()
        limits = task.limits
        watch = ProcessWatch(self._process.pid, limits.memory)
        until = None if limits.seconds is None else began + limits.seconds + _LOADING
        answer = b""
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        while not answer.endswith(b"\n"):
            wait = None if until is None else max(0.0, until - time.monotonic())
            if limits.memory is not None:
                wait = min(_LOOK, wait if wait is not None else _LOOK)
            ready, _, _ = select.select([pipe], [], [], wait)
            if ready:
                part = os.read(pipe, 1 << 20)
                if not part:
                    return self._report_death(watch, began, stopped())
                answer += part
                if answer.startswith(BEGAN):
                    answer = answer.removeprefix(BEGAN)
                    began = time.monotonic()
                    until = None if limits.seconds is None else began + limits.seconds
            elif until is not None and time.monotonic() >= until:
                return self._limit_passed("time", f"{limits.seconds:g} s", watch, began)
            elif watch.over():
                return self._limit_passed("memory", f"{(limits.memory or 0) / 2**20:.0f} MiB", watch, began)
        if answer == STALE:
            self.spent = True
            return None
        done = decode(answer, Done)
        # Asked again, it must be another process: a constant may be another in each.
        self.spent = done.how == "differs"
        if limits.memory is not None and done.cost.peak_memory > limits.memory:
            return self._limit_passed("memory", f"{limits.memory / 2**20:.0f} MiB", watch, began)
        return done

    def _send(self, message: bytes) -> None:
        assert self._process.stdin is not None
        # A worker that is gone is noticed when its answer is read.
        with contextlib.suppress(BrokenPipeError):
            view = memoryview(message)
            while view:
                view = view[os.write(self._process.stdin.fileno(), view) :]

    def _limit_passed(
        self, how: Literal["time", "memory"], limit: str, watch: ProcessWatch, began: float
    ) -> Done:
        watch.look()
        self.end()
        what = "took longer than" if how == "time" else "held more memory than"
        return Done(
            how=how,
            cost=watch.cost(began),
            error="LimitPassed",
            message=f"{what} its limit of {limit} and was ended. Raise `limits`, or make it smaller",
            reason=f"passed its limit of {how}",
        )

    def _report_death(self, watch: ProcessWatch, began: float, stopped: bool) -> Done:
        self.end()
        code = self._process.returncode
        if stopped:
            return Done(how="stopped", cost=watch.cost(began), reason="stopped")
        if code < 0:
            name = signal_name(-code)
            why = {
                "SIGKILL": ": the system ran out of memory, or someone killed it. Give it less to hold",
                "SIGABRT": ": it aborted itself. What it printed tells more",
                "SIGSEGV": ": a fault in compiled code. Look for it in the packages it calls",
            }.get(name, "")
            message = f"its process died of {name}{why}"
        else:
            name, message = f"exit code {code}", f"its process ended itself with exit code {code}"
        return Done(
            how="died", cost=watch.cost(began), error="StepFailed", message=message, reason=f"died of {name}"
        )
