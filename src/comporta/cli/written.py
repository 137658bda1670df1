"""`--out`: files that a command writes beside what it prints; it may be given more than once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from errno import EACCES
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.words import words as say
from comporta.errors import BadProject
from comporta.opened.written_file import replacing, unwritable

OUT = Parameter(name=["--out", "-o"], help=say.OUT)
Out = Annotated[tuple[Path, ...], OUT]


def require_writable(files: Sequence[Path], *endings: str) -> None:
    """Raises BadProject unless each name ends in a known format and can be written."""
    for file in files:
        if file.suffix not in endings:
            expected = f"{', '.join(endings[:-1])} or {endings[-1]}"
            raise BadProject(f"--out: found {file.name!r}, expected a name ending in {expected}.")
        try:
            if file.is_dir():
                raise BadProject(f"--out: found the folder {file}, expected the name of a file.")
            file.parent.mkdir(parents=True, exist_ok=True)
            if not os.access(file if file.exists() else file.parent, os.W_OK):
                raise PermissionError(EACCES, os.strerror(EACCES))
        except OSError as fault:
            raise unwritable(file, fault) from fault


def write(file: Path, text: str) -> None:
    """Write it and say where. Raises BadProject."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise unwritable(file, fault) from fault
    with replacing(file) as out:
        out.write(text)
    show.aside(say.WRITTEN.format(file=file))
