"""The options that commands share, and the exit code of a plain no."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comporta.cli import words as say

NO = 3

Where = Annotated[
    Path | None, Parameter(name=["--project", "-p"], help=say.PROJECT, env_var="COMPORTA_PROJECT")
]
AsJson = Annotated[bool, Parameter(name="--json", help=say.JSON)]
By = Annotated[str, Parameter(help=say.BY)]
Reason = Annotated[str, Parameter(help=say.REASON)]
