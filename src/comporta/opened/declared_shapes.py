"""The datasets as a project's file declares them by now, for a process that runs no code of a project.

What answers requests has a version's kept source. To import the live project for a list of personal columns
would bring each worker the libraries of training, and a file that is being edited would keep a version from
its traffic. So a process of its own runs the file, once someone asks, and ends.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from comporta.errors import BadProject, Refused, first_line
from comporta.opened.answering_process import NoAnswer, answer_with, ask_process, take_output
from comporta.opened.deployed import deployed_folder
from comporta.opened.project import OpenProject
from comporta.project.code_branch import code_branch
from comporta.project.load import load_project
from comporta.records import DatasetSchema, Record


class DeclaredTables(Record, frozen=True, kw_only=True):
    """What such a process answers. failure: why the file could not be run; empty where it was."""

    shapes: dict[str, DatasetSchema] = {}
    failure: str = ""


class DeclaredShapes:
    """Those of one project: read when first asked for, and again once its file was written since. Where its
    code comes from a branch the file is that of the current commit."""

    def __init__(self, opened: OpenProject) -> None:
        self._opened = opened
        self._shapes: Mapping[str, DatasetSchema] = {}
        self._seen: tuple[Path, int, int] | None = None
        self._branch = None if opened.file is None else code_branch(opened.home)

    def read(self) -> Mapping[str, DatasetSchema]:
        """Dataset → its schema. May take seconds, the first time. Raises BadProject where the file cannot be
        run: what is personal by now is not known then."""
        file = self._opened.file
        if file is None:  # declared in this process
            return {name: table.shape() for name, table in self._opened.project.tables().items()}
        try:
            if self._branch is not None:
                file = deployed_folder(self._opened.home, self._branch) / file.name
            written = file.stat()
        except Refused as error:
            raise BadProject(str(error)) from error
        except OSError as error:
            raise BadProject(f"{file}: {error.strerror or error}.") from error
        seen = (file, written.st_mtime_ns, written.st_size)
        if seen != self._seen:
            self._shapes, self._seen = _run(file), seen
        return self._shapes


def _run(file: Path) -> dict[str, DatasetSchema]:
    found = ask_process("comporta.opened.declared_shapes", str(file), answer=DeclaredTables)
    if isinstance(found, NoAnswer):
        raise BadProject(f"{file.name}: what ran it gave no answer: {found.why}")
    if found.failure:
        raise BadProject(found.failure)
    return found.shapes


def main(file: Path) -> int:
    """Says what this file declares, or why it cannot be run."""
    output = take_output()
    try:
        tables = load_project(file).tables()
        declared = DeclaredTables(shapes={name: table.shape() for name, table in tables.items()})
    # The boundary of the process, to a user's file: who started it says it, in a line.
    except Exception as error:
        text = (
            str(error) if isinstance(error, BadProject) else f"{type(error).__name__}: {first_line(error)}."
        )
        declared = DeclaredTables(failure=text)
    answer_with(output, declared)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
