"""The whole of what a user declares."""

from __future__ import annotations

from pathlib import Path

from comporta.project.dataset import Dataset
from comporta.project.model import Model
from comporta.project.person import Person
from comporta.project.schedule import Schedule
from comporta.records import Record, canonical_name
from comporta.records.executor import MakesExecutor


class ProjectDeclaration(Record, frozen=True):
    """What a project file declares, as data. `comporta.Project` adds the acts, and explains each field.

    name: what pages, traces and commands call it.
    """

    name: str
    models: tuple[Model, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    root: Path | None = None
    people: tuple[Person, ...] = ()
    executor: MakesExecutor | None = None
    proven: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()

    def tables(self) -> dict[str, Dataset]:
        """Every dataset the project reaches, by name, in the order first met."""
        found = {dataset.name: dataset for dataset in self.datasets}
        for model in self.models:
            found.setdefault(model.features.of.name, model.features.of)
            for join in model.features.joins:
                found.setdefault(join.dataset.name, join.dataset)
        return found

    def find_model(self, model: str) -> Model | None:
        """The model of this name, or None."""
        return next((each for each in self.models if each.name == model), None)

    def person(self, name: str) -> Person | None:
        """The person of this name, compared without case, or None. Raises BadProject on a blank name."""
        asked = canonical_name(name)
        return next((each for each in self.people if canonical_name(each.name) == asked), None)
