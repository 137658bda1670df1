"""A worker process: reads tasks as JSON lines, runs each, answers as JSON lines. `python -m` runs it.

Standard input and output carry the messages at its start; before any step runs they are moved away, so that
what a step prints, from Python or from C, goes to its log. When the engine's process ends, however it ends,
the input closes and the worker ends itself with all its children.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import queue
import resource
import signal
import sys
import threading
import time
import traceback
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO

import msgspec

from comporta.engine.code import CodeDigests
from comporta.engine.step_call import call, failure_of
from comporta.engine.step_functions import Steps
from comporta.project.reference import resolve
from comporta.project.sources import enter_project
from comporta.records import Cost, Record, decode, encode
from comporta.records.executor import BEGAN, STALE, Done, Task
from comporta.store import Keys, StepContext, open_store
from comporta.store.read_cache import READ_CACHE


class Hello(Record, frozen=True, kw_only=True):
    """The first message. Keys come through the pipe: arguments and environment can be read by others."""

    root: str
    store: str
    keys: Keys
    config: dict[str, str] = {}
    steps: Steps = Steps()


def main() -> None:
    # Libraries make many objects that stay: to look for garbage among them takes a tenth of their loading.
    gc.set_threshold(10_000, 20, 20)
    messages = os.fdopen(os.dup(0), "rb")
    answers: RawIOBase = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    sys.stdout = os.fdopen(1, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    # Ctrl-C is the engine's to answer: it says when this process is dead.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # Linux: be the one that goes when memory is short
        Path("/proc/self/oom_score_adj").write_text("500")
    line = messages.readline()
    if not line:
        return
    hello = decode(line, Hello)
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    threading.Thread(target=_read_messages, args=(messages, tasks), daemon=True).start()
    root = Path(hello.root)
    enter_project(root)
    store = open_store(hello.store, root, config=hello.config)
    code = CodeDigests(root)
    import numpy  # noqa: F401 - loaded before the first step, so that it is seeded before it

    while True:
        done = run(tasks.get(), hello.steps, code, StepContext(store=store, keys=hello.keys), root, answers)
        answers.write(encode(done) + b"\n" if done else STALE)
        if done is None:
            return


def _read_messages(messages: BinaryIO, tasks: queue.SimpleQueue[Task]) -> None:
    decoder = msgspec.json.Decoder(Task)
    for line in messages:
        tasks.put(decoder.decode(line))
    os.killpg(0, signal.SIGKILL)


def run(
    task: Task, steps: Steps, code: CodeDigests, context: StepContext, root: Path, answers: RawIOBase
) -> Done | None:
    """What came of the task; None when this process has loaded code that is another on disk now.

    Says `began` once all is loaded: from there on the step's own time counts.
    """
    log = os.open(Path(task.scratch) / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    if task.limits.memory is not None:  # what others had read would count as its own
        READ_CACHE.clear()
    with contextlib.suppress(OSError):  # Linux: the high-water mark counts from here
        Path("/proc/self/clear_refs").write_text("5")
    began, used = time.perf_counter(), _cpu()
    try:
        refs = steps.references(task.recipe.run, task.recipe.uses)
        code.refresh()
        for ref in refs:
            resolve(ref, root)
        reach = code.of(refs)
        if code.stale(reach):
            return None
        if reach.digest != task.recipe.code:
            return Done(how="differs", values=reach.values, code=reach.digest)
        answers.write(BEGAN)
        began, used = time.perf_counter(), _cpu()
        mine = msgspec.structs.replace(context, seed=task.recipe.seed, scratch=Path(task.scratch))
        done = Done(how="done", outputs=call(task.recipe, mine, root, steps))
        if code.stale(reach):  # a module that a function imported itself, edited meanwhile
            return None
    except BaseException as error:  # the boundary to a user's code: whatever it raises, SystemExit included
        traceback.print_exception(error)
        done = failure_of(error, root)
    finally:
        _flush()
    return msgspec.structs.replace(
        done,
        cost=Cost(wall_seconds=time.perf_counter() - began, cpu_seconds=_cpu() - used, peak_memory=_peak()),
    )


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(ValueError, OSError):
            stream.flush()
    ctypes.CDLL(None).fflush(None)


def _cpu() -> float:
    """User and system seconds of this process and of its children that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak() -> int:
    """Bytes resident at most since the step began; on macOS, since the process began."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
