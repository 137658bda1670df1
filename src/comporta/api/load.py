"""Opening the project of a file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from comporta import project as declared
from comporta.api.boundary import explaining_errors
from comporta.api.project import Project
from comporta.errors import BadProject
from comporta.project.load import find_project_file
from comporta.project.load import load_project as loaded
from comporta.records.kind import kind_of


def load(path: str | Path | None = None) -> Project:
    """The project of a file or folder; None: the nearest `project.py` above the current folder. Raises
    BadProject with file and line."""
    with explaining_errors():
        found = loaded(find_project_file(None if path is None else Path(path)))
        if isinstance(found, Project):
            return found
        if type(found) is not declared.ProjectDeclaration:
            raise BadProject(f"found {kind_of(found)}, expected a comporta.Project.")
        return Project(**{field: getattr(found, field) for field in msgspec.structs.asdict(found)})
