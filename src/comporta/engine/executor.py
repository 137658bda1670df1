"""What runs a step somewhere: the protocol, what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from comporta import errors
from comporta.records import Artifact, Asset, Cost, Limits, Recipe, Record

_SHORT = 300
How = Literal["done", "raised", "died", "time", "memory", "stopped", "differs"]


class Task(Record, frozen=True, kw_only=True):
    """One step to run. id: its own, within the run. scratch: a folder for it, made before and removed
    after by the caller; its log is the file `log` in it. code: the digest the worker must have loaded."""

    id: str
    node: str
    recipe: Recipe
    scratch: str
    limits: Limits = Limits()


class Done(Record, frozen=True, kw_only=True):
    """What came of a task. error: the name of its class in `comporta.errors`; message: for the user.

    reason: the message without values from the data, for the ledger. raised: the class of what was raised,
    where that is none of Comporta's. values: for `differs`, the constants
    of the code as the worker's import made them; code: the digest of what it counted.
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


class Failed(Exception):
    """A question without an answer. why: as in the fact `StepFailed`. raised: the class of what was raised,
    if that is another than the error's."""

    def __init__(
        self,
        error: errors.ComportaError,
        why: str,
        reason: str,
        log: Artifact | None = None,
        raised: str = "",
    ) -> None:
        super().__init__(str(error))
        self.error, self.why, self.reason, self.log = error, why, reason, log
        self.raised = raised or type(error).__name__


def combined_error(failed: Sequence[Failed]) -> errors.ComportaError:
    """One error for several failures: the first one's, with a line for each of the others behind it."""
    first = failed[0].error
    if len(failed) == 1:
        return first
    error = type(first)("\n".join([str(first), *(_short(str(each.error)) for each in failed[1:])]))
    error.reason = "; ".join(each.reason for each in failed)
    return error


def _short(message: str) -> str:
    """Its first line, less where the log lies: `comporta show` prints that."""
    line = message.partition("\n")[0].partition(" Log: ")[0]
    return line if len(line) <= _SHORT else line[: _SHORT - 1] + "…"


class Differs(Exception):
    """The worker's import made other constants than this process's."""

    def __init__(self, done: Done) -> None:
        super().__init__("the code is another in a fresh process")
        self.done = done
