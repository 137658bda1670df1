"""Everything Comporta can refuse, in one tree.

    ComportaError                 what a user can act on; the command line prints it and exits with 2
    ├── BadProject                the project file, comporta.toml or an argument is wrong
    │   └── MissingExtra          a feature needs an extra that is not installed
    ├── BadData                   rows break a declaration
    │   ├── SchemaChanged         a source returned other columns or types than before
    │   └── ExpectationBroken     a declared expectation does not hold
    ├── BadRequest                a served request cannot be answered (HTTP 4xx)
    ├── NotFound                  no such model, version, dataset, run or id
    ├── Refused                   a rule of the project forbids it: gate, approval, staleness
    │   ├── AttemptReplaced       another attempt of the job took the place of this one
    │   ├── Forbidden             who acts may not do it
    │   └── LiveFileRead          a version's code reads a file that may change after the release
    ├── StepFailed                a step raised, died, or passed its limits
    │   └── LimitPassed           ... of time or memory
    ├── WrongKey                  the project's key is not the one the data was written with
    ├── Tampered                  stored bytes or events are not what was written
    ├── Busy                      another run holds it and did not let go in time
    └── StorageFull               no space left: work is paused, nothing is lost

Each message says what was found, what was expected and what to do.
"""

from __future__ import annotations


class ComportaError(Exception):
    """What a user can act on. `exit_code` is what the command line returns.

    reason: the message without values from the data, where it shows some: what may be recorded.
    """

    exit_code = 2
    reason = ""


class BadProject(ComportaError):
    """The project file, `comporta.toml` or an argument is wrong."""


class MissingExtra(BadProject):
    """A feature needs an extra that is not installed; the message names it."""


class BadData(ComportaError):
    """Rows break a declaration."""


class SchemaChanged(BadData):
    """A source returned other columns or types than its dataset has."""


class ExpectationBroken(BadData):
    """A declared expectation does not hold; the message shows the first offending rows."""


class BadRequest(ComportaError):
    """A served request cannot be answered. `status`: the HTTP status, 4xx."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class NotFound(ComportaError):
    """No such model, version, dataset, run or id."""


class Refused(ComportaError):
    """A rule of the project forbids it; the message names the rule and what would satisfy it."""


class Forbidden(Refused):
    """Who acts may not do it; the message names the rule and who could."""


class AttemptReplaced(Refused):
    """Another attempt took the place of the one that would record something."""


class LiveFileRead(Refused, PermissionError):
    """A version's code reads a file that is not kept with it, and may change after the release. What catches
    an `OSError` catches it."""


class StepFailed(ComportaError):
    """A step raised, died, or passed its limits. The message ends with where its log lies."""


class LimitPassed(StepFailed):
    """A step passed its limit of time or memory and was killed."""


class WrongKey(ComportaError):
    """The project's key is not the one the data was written with."""


class Tampered(ComportaError):
    """Stored bytes or events are not what was written."""


class Busy(ComportaError):
    """Another run holds it and did not let go in time."""


class StorageFull(ComportaError):
    """No space left on the device: work is paused, nothing is lost."""


def live_file_read(error: BaseException | None) -> LiveFileRead | None:
    """The read of a live file that led to this error, however it was wrapped since; None where none did."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, LiveFileRead):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def first_line(error: BaseException | str) -> str:
    """What it says at first: libraries put lines of context behind it."""
    return str(error).strip().partition("\n")[0].rstrip()


def wording(text: str) -> str:
    """The text, as a part of what an error says. What a step is remembered by does not depend on it: to mend
    a comma makes no step run again."""
    return text
