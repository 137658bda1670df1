"""What goes wrong when a step is run: a failure with its reason, or a worker that loaded other constants."""

from __future__ import annotations

from collections.abc import Sequence

from comporta import errors
from comporta.records import Artifact
from comporta.records.executor import Done

_SHORT = 300


class NodeFailure(Exception):
    """A question without an answer. why: as in the fact `StepFailure`. raised: the class of what was raised,
    if that is another than the error's. summary: what is said of it beside other failures, without where its
    log lies; empty: the error's text."""

    def __init__(
        self,
        error: errors.ComportaError,
        why: str,
        reason: str,
        log: Artifact | None = None,
        raised: str = "",
        summary: str = "",
    ) -> None:
        super().__init__(str(error))
        self.error, self.why, self.reason, self.log = error, why, reason, log
        self.raised = raised or type(error).__name__
        self.summary = summary or str(error)


def combined_error(failed: Sequence[NodeFailure]) -> errors.ComportaError:
    """One error for several failures: the first one's, with a line for each of the others behind it."""
    first = failed[0].error
    if len(failed) == 1:
        return first
    error = type(first)("\n".join([str(first), *(_short(each.summary) for each in failed[1:])]))
    error.reason = "; ".join(each.reason for each in failed)
    return error


def _short(message: str) -> str:
    """Its first line; `comporta show` prints all of it, and where the log lies."""
    line = errors.first_line(message)
    return line if len(line) <= _SHORT else line[: _SHORT - 1] + "…"


class Differs(Exception):
    """The worker's import made other constants than this process's."""

    def __init__(self, done: Done) -> None:
        super().__init__("the code is another in a fresh process")
        self.done = done
