"""`--out`: files that a command writes beside what it prints; it may be given more than once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from errno import EACCES
from pathlib import Path
from typing import Annotated, TextIO

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.words import words as say
from comporta.errors import BadProject

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
            raise _unwritable(file, fault) from fault


def write(file: Path, text: str) -> None:
    """Write it and say where. Raises BadProject."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise _unwritable(file, fault) from fault
    with replacing(file) as out:
        out.write(text)
    show.aside(say.WRITTEN.format(file=file))


@contextmanager
def replacing(file: Path) -> Iterator[TextIO]:
    """Writes a file whole or not at all. A pipe or a device is written into and stays what it is.

    Raises BadProject where it cannot be written, or is one of the files that a project is made of.
    """
    _require_no_project_file(file)
    try:
        if file.exists() and not file.is_file():
            with file.open("w", encoding="utf-8", newline="\n") as out:
                yield out
            return
        target = file.resolve()
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with draft.open("w", encoding="utf-8", newline="\n") as out:
                yield out
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as fault:
        raise _unwritable(file, fault) from fault


def _require_no_project_file(file: Path) -> None:
    """Raises BadProject on a key, a ledger, the settings, a source, or what Comporta keeps beside them."""
    target = file.resolve()
    ours = target.suffix in (".key", ".pub", ".db", ".py", ".toml", ".lock") and target.exists()
    if ours or (".comporta" in target.parts and "reports" not in target.parts):
        raise BadProject(f"{file}: found a file of the project, which is not replaced. Name another file.")


def _unwritable(file: Path, fault: OSError) -> BadProject:
    # A folder that is made says that a file in its place exists, which is not what is wrong.
    taken = isinstance(fault, FileExistsError | NotADirectoryError)
    why = "a part of its path is no folder" if taken else fault.strerror or type(fault).__name__
    return BadProject(f"{file} cannot be written: {why}. Name another file.")
