"""A declared project that can be asked: the same acts as on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from comporta import project as declared
from comporta.api.progress import terminal_progress
from comporta.errors import BadProject
from comporta.project.load import find_project_file
from comporta.project.load import load_project as loaded
from comporta.project.once import not_inside_a_run
from comporta.records.kind import kind_of

if TYPE_CHECKING:
    import polars as pl

    from comporta.acts.build.run import RunReport
    from comporta.api.model import TrainedVersion
    from comporta.opened.people import Member
    from comporta.records import Level, Version


class Project(declared.ProjectDeclaration, frozen=True):
    """All that a team declares: one value in one Python file, `project = Project(...)` in `project.py`.

    Its methods do what the commands of the same names do.

    name: of the project.
    models: what is trained, gated, released and served; their datasets belong to it too.
    datasets: other datasets, which no model reads.
    root: the folder of `comporta.toml` and the project file; None: the folder of the file it is loaded from,
        or the current one.
    people: who does what; only some roles may approve a version or waive a check. Empty: everybody may.
    executor: makes what runs the steps, in place of the URL in `comporta.toml`; None: by that URL.

    >>> from comporta import Dataset, Person
    >>> weather = Dataset("weather", "weather/*.parquet", key=("city", "hour"))
    >>> project = Project("airport", datasets=(weather,), people=(Person("ana", "validator"),))
    >>> list(project.tables()), project.person("Ana").role
    (['weather'], 'validator')
    """

    def run(self, *models: str, progress: Callable[[str, str, float], None] | None = None) -> RunReport:
        """Read the data, train what changed, judge it: `comporta run`. models: names; none: all.

        progress: called with each step's name, its state, and the seconds since the start; None: in a
        terminal a bar, from two seconds on. Raises StepFailed, ExpectationBroken, SchemaChanged, BadProject.
        """
        from comporta.acts.build.run import run
        from comporta.opened.project import open_project

        with (
            not_inside_a_run(),
            open_project(project=self, works=True) as opened,
            terminal_progress(progress) as report,
        ):
            return run(opened, models, progress=report)

    def gate(
        self,
        version: str,
        *,
        level: Level = "release",
        progress: Callable[[str, str, float], None] | None = None,
    ) -> Version:
        """A version judged by the gates as they are now: `comporta gate`. Its verdicts say why.

        level: `release`, or `audit` for the slow checks too. progress: as in `run`.
        Raises NotFound, BadProject.
        """
        from comporta.acts.judge.gate import gate
        from comporta.opened.project import open_project

        with (
            not_inside_a_run(),
            open_project(project=self, works=True) as opened,
            terminal_progress(progress) as report,
        ):
            return gate(opened, version, level=level, progress=report).version

    def directory(self) -> tuple[Member, ...]:
        """Who approved, waived or released, and who is declared: `comporta people list`."""
        from comporta.opened.people import people
        from comporta.opened.project import open_project

        with open_project(project=self) as opened:
            return people(opened)

    def forget(self, person: str) -> str:
        """The id of a person whose name is deleted now: `comporta people forget`. person: name or id.

        Raises NotFound.
        """
        from comporta.opened.people import forget
        from comporta.opened.project import open_project

        with open_project(project=self) as opened:
            return forget(opened, person).id

    def data(self, name: str, version: int | None = None) -> pl.LazyFrame:
        """The rows of a dataset version, read when collected; None: the newest. Raises NotFound."""
        from comporta.acts.data.datasets import scan_rows
        from comporta.opened.project import open_project

        with open_project(project=self) as opened:
            return scan_rows(opened, name, version)

    def model(self, version: str) -> TrainedVersion:
        """A trained version: `late/3`, or `late` for its newest. Raises NotFound."""
        from comporta.api.model import trained_version
        from comporta.opened.project import open_project

        with open_project(project=self) as opened:
            return trained_version(opened, version)


def load(path: str | Path | None = None) -> Project:
    """The project of a file or folder; None: the nearest `project.py` above the current folder.

    Raises BadProject with file and line.
    """
    found = loaded(find_project_file(None if path is None else Path(path)))
    if isinstance(found, Project):
        return found
    if type(found) is not declared.ProjectDeclaration:
        raise BadProject(f"found {kind_of(found)}, expected a comporta.Project.")
    return Project(**{field: getattr(found, field) for field in msgspec.structs.asdict(found)})
