"""The options that commands share, and the exit code of a plain no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comporta.cli.words import words as say
from comporta.errors import BadProject
from comporta.records.job import JobPriority

NO = 3


def not_blank(type_: object, value: str | None) -> None:
    """Raises BadProject on an option that is given and blank, as by an unset variable of a CI system."""
    if value is not None and not value.strip():
        raise BadProject(say.BLANK)


def between(low: int, high: int = 2**63 - 1) -> Callable[[object, object], None]:
    """A validator of whole numbers, one or several. high: what a database can hold."""

    def validate(type_: object, value: object) -> None:
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, int) and not low <= each <= high:
                raise BadProject(say.OUT_OF_RANGE.format(value=each, low=low, high=high))

    return validate


def day(text: str) -> datetime:
    """The end of this day, UTC. Raises BadProject."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(hour=23, minute=59, second=59, tzinfo=UTC)
    except ValueError as fault:
        raise BadProject(f"--until: found {text!r}, expected a day such as 2027-01-31.") from fault


Where = Annotated[
    Path | None, Parameter(name=["--project", "-p"], help=say.PROJECT, env_var="COMPORTA_PROJECT")
]
AsJson = Annotated[bool, Parameter(name="--json", help=say.JSON)]
Verbose = Annotated[bool, Parameter(name=["--verbose", "-v"], help=say.VERBOSE)]
By = Annotated[str | None, Parameter(help=say.BY, validator=not_blank)]
Role = Annotated[str | None, Parameter(help=say.ROLE, validator=not_blank)]
Reason = Annotated[str, Parameter(help=say.REASON)]
Queue = Annotated[bool, Parameter(help=say.JOB_QUEUE, negative="")]
Priority = Annotated[JobPriority | None, Parameter(help=say.JOB_PRIORITY)]
Force = Annotated[bool, Parameter(help=say.REPLACE, negative="")]
Unreleased = Annotated[bool, Parameter(help=say.UNRELEASED, negative="")]
