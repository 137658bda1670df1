"""What runs a step somewhere: the protocol, what goes in, what comes out, and what a worker needs to
start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from comporta.records.asset import Asset
from comporta.records.recipe import Cost, Limits, Recipe
from comporta.records.record import Record

How = Literal["done", "raised", "died", "time", "memory", "stopped", "differs"]

# Every library that starts threads of its own, told how many: sums in another order are other sums.
_THREADS = (
    "POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS", "LOKY_MAX_CPU_COUNT",
)  # fmt: skip


def thread_variables(threads: int) -> dict[str, str]:
    """Variables that hold the libraries of a process that is started to so many threads each."""
    return dict.fromkeys(_THREADS, str(threads))


class Task(Record, frozen=True, kw_only=True):
    """One step to run. id: its own, within the run. scratch: a folder for it, made before and removed
    after by the caller; its log is the file `log` in it."""

    id: str
    node: str
    recipe: Recipe
    scratch: str
    limits: Limits = Limits()


class Done(Record, frozen=True, kw_only=True):
    """What came of a task. error: the name of its class in `comporta.errors`; message: for the user.

    reason: the message without values from the data, for the ledger. raised: the class of what was raised,
    where that is none of Comporta's. values: for `differs`, the constants of the code as the worker's import
    made them; code: the digest of what it counted.
    """

    how: How
    outputs: dict[str, Asset] = {}
    cost: Cost = Cost()
    error: str = ""
    message: str = ""
    reason: str = ""
    raised: str = ""
    values: dict[str, str] = {}
    code: str = ""


class Executor(Protocol):
    """Runs tasks, as many at a time as it has room for; `run` is called from several threads.

    workers: how many at a time. threads: of each step; part of the environment that recipes name.
    """

    workers: int
    threads: int

    def run(self, task: Task) -> Done:
        """What came of it, once it has ended; never raises for a fault of the step. A process that
        passes its limits is dead when this returns."""

    def warm(self, count: int) -> None:
        """So many tasks will come: what can be got ready may be."""

    def stop(self) -> None:
        """Ends what runs, with all its children; each `run` returns `stopped`. Later tasks may be run."""

    def close(self) -> None:
        """Ends every process."""


BEGAN, STALE = b"began\n", b"stale\n"
"""What a worker writes beside its answers: see `Workplace`."""


class Workplace(Record, frozen=True, kw_only=True):
    """What a worker process of one project needs, here or on another machine that reaches the store.

    root: the project's folder, from which it is started. command: starts a worker. hello: the first line to
    write to its standard input, newline included; it holds the project's key, so it is never shown.

    Then a line of JSON for each task (`encode(task) + b"\\n"`). The worker answers `began` when the step's
    own time begins, then a line of JSON (`decode(line, Done)`), or `stale`: the project's files changed,
    start another worker. It ends itself, with all its children, when its standard input is closed.
    """

    root: Path
    command: tuple[str, ...]
    hello: bytes

    def __repr__(self) -> str:
        return f"Workplace(root={self.root!r}, command={self.command!r})"

    def environment(self, threads: int) -> dict[str, str]:
        """Variables that a worker is started with, beside those of its machine."""
        return {**thread_variables(threads), "PYTHONHASHSEED": "0"}


MakesExecutor = Callable[[Workplace], Executor]
"""What a project declares: it is called for each engine, and again where steps must run in fresh
processes."""

Progress = Callable[[str, str, float], None]
"""Called with a node's name, its state and the seconds since the run began. States: `planned` (of
every node, before any other), `reused`, `waiting` (for
another run of the same question), `started`, `done`, `failed`, `skipped` (an input failed, or the budget was
spent)."""
