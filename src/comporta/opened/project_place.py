"""Where an opened project lies, so that another process opens the same."""

from __future__ import annotations

from pathlib import Path

from comporta.ledger import OpensLedger
from comporta.opened.project import OpenProject
from comporta.project.load import FILE, load_project
from comporta.project.settings import settings
from comporta.records import Record


class ProjectPlace(Record, frozen=True, kw_only=True):
    """root: the folder of its code. home: of its settings, its key and what is kept beside them: another
    where the root is a checkout. file: that declares it."""

    root: str
    home: str
    file: str


def place_of(opened: OpenProject) -> ProjectPlace:
    """Where it lies."""
    file = opened.file or opened.root / FILE
    return ProjectPlace(root=str(opened.root), home=str(opened.home), file=str(file))


def open_place(place: ProjectPlace, *, ledger: OpensLedger | None = None, job: str = "") -> OpenProject:
    """The project that lies there, opened to be worked with; its file is run where what it declares is asked
    for. ledger: see `open_project`. job: whose attempt this process is, or empty. Raises BadProject,
    WrongKey, Tampered."""
    file, home = Path(place.file), Path(place.home)
    return OpenProject(
        lambda: load_project(file),
        Path(place.root),
        settings(home),
        works=True,
        ledger=ledger,
        file=file,
        home=home,
        job=job,
    )
