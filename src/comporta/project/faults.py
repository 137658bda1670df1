"""Every fault of a declaration at once, each with file and line: all that can be known before any data.

What needs data (columns that do not exist, feature functions whose values differ between a batch and single
rows) is found above, by the acts, and located with the same `SourceLocations`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from comporta.errors import BadProject
from comporta.project.dataset import Dataset
from comporta.project.fault_common import as_sequence, duplicates_in, name_faults, with_location
from comporta.project.fault_data import dataset_faults, features_faults
from comporta.project.fault_model import model_faults
from comporta.project.fault_release import owner_faults
from comporta.project.fault_schedule import schedule_faults
from comporta.project.features import AsOf, Features, JoinDeclaration, Window
from comporta.project.kinds import type_faults
from comporta.project.locate import ProjectFault, SourceLocations
from comporta.project.model import Model
from comporta.project.person import Person
from comporta.project.project import ProjectDeclaration
from comporta.project.schedule import Schedule
from comporta.project.sources import counts_by_content
from comporta.records import Subject, canonical_name
from comporta.records.access import ACTIONS


def project_faults(
    project: ProjectDeclaration, root: Path, *, files: Iterable[Path] = ()
) -> tuple[ProjectFault, ...]:
    """What is wrong with the project, in the order of its source.

    files: where declarations are looked for; empty: the modules that were loaded from below `root`.
    """
    places = SourceLocations(tuple(files) or sources(root), root)
    found = chain(
        _project(project, places),
        _subjects(project, places),
        *(dataset_faults(each, root, places) for each in _every(project, Dataset)),
        *(features_faults(each, root, places) for each in _every(project, Features)),
        *(
            model_faults(each, root, places)
            for each in as_sequence(project.models)
            if isinstance(each, Model)
        ),
    )
    return tuple(sorted(dict.fromkeys(found), key=lambda fault: (fault.file, fault.line)))


def raise_faults(project: ProjectDeclaration, root: Path) -> tuple[ProjectFault, ...]:
    """Every fault, where some value is of another kind than its field: nothing can be asked of it then."""
    reached = [each for kind in (Model, Features, AsOf, Window, Dataset) for each in _every(project, kind)]
    return (
        project_faults(project, root) if any(any(type_faults(each)) for each in (project, *reached)) else ()
    )


def format_faults(found: Iterable[ProjectFault]) -> str:
    """A line for each fault, as a message."""
    return "\n".join(str(fault) if fault.file else fault.message for fault in found)


def sources(root: Path) -> tuple[Path, ...]:
    """The project's own files among the loaded modules, the project file first."""
    within = str(root / "_")[:-1]  # a text: a thousand modules are asked at each command
    loaded = {
        file
        for module in list(sys.modules.values())
        if isinstance(file := getattr(module, "__file__", None), str) and file.startswith(within)
    }
    below = [Path(file) for file in loaded if file.endswith(".py") and counts_by_content(file)]
    return tuple(sorted(below, key=lambda file: (file.name != "project.py", file)))


def _every(project: ProjectDeclaration, kind: type[Any]) -> list[Any]:
    """Each dataset or features the project reaches, once, by identity: two of one name are both seen."""
    met: dict[int, Any] = {}

    def meet(thing: Any) -> None:
        if id(thing) in met:
            return
        met[id(thing)] = thing
        if isinstance(thing, Model):
            meet(thing.features)
        elif isinstance(thing, Features):
            meet(thing.of)
            for join in as_sequence(thing.joins):
                meet(join)
        elif isinstance(thing, JoinDeclaration):
            meet(thing.dataset)

    for thing in (*as_sequence(project.datasets), *as_sequence(project.models)):
        meet(thing)
    return [thing for thing in met.values() if isinstance(thing, kind)]


def _subjects(project: ProjectDeclaration, places: SourceLocations) -> Iterator[ProjectFault]:
    """Two forms of one kind of subject: who is found by the one is not found by the other."""
    forms: dict[str, tuple[str, str]] = {}
    for dataset in _every(project, Dataset):
        said = dataset.about
        if not isinstance(said, Subject) or any(type_faults(said)):
            continue
        form, first = forms.setdefault(said.kind, (said.form, dataset.name))
        if form != said.form:
            yield places.fault(
                "Dataset",
                dataset.name,
                "subject",
                f"Dataset {dataset.name!r}: subject: found the form {said.form!r}, expected {form!r}, which "
                f"Dataset {first!r} declares for {said.kind!r}: a subject of one would not be found in the "
                "other. Declare one form, or another `kind`.",
            )


def _project(project: ProjectDeclaration, places: SourceLocations) -> Iterator[ProjectFault]:
    yield from with_location(
        places, "Project", project.name, chain(type_faults(project), name_faults(project.name))
    )
    if not project.models and not project.datasets:
        yield places.fault("Project", project.name, "models", "Project: found no model and no dataset.")
    yield from _proven(project, places)
    yield from _people([each for each in as_sequence(project.people) if isinstance(each, Person)], places)
    yield from _owners(project, places)
    yield from schedule_faults(
        [each for each in as_sequence(project.schedules) if isinstance(each, Schedule)],
        [each.name for each in as_sequence(project.models) if isinstance(each, Model)],
        places,
    )
    for kind, things in (
        ("Model", [each for each in as_sequence(project.models) if isinstance(each, Model)]),
        ("Dataset", _every(project, Dataset)),
        ("Features", _every(project, Features)),
    ):
        for name in duplicates_in(thing.name for thing in things):
            # An equal declaration made twice is one; only different ones under a name are in conflict.
            if kind == "Model" or any(each != things[0] for each in things if each.name == name):
                said = f"{kind} {name!r}: found this name twice. Rename one."
                yield places.fault(kind, name, "name", said)


def _proven(project: ProjectDeclaration, places: SourceLocations) -> Iterator[ProjectFault]:
    known = {word for action in ACTIONS for word in (action, *action.split("."))}
    for name in as_sequence(project.proven):
        if isinstance(name, str) and name not in known:
            said = (
                f"Project: proven: found {name!r}, expected an action such as 'release.approve', or one of "
                "its words: 'release', 'approve', 'waive'. Correct it."
            )
            yield places.fault("Project", project.name, "proven", said)


def _owners(project: ProjectDeclaration, places: SourceLocations) -> Iterator[ProjectFault]:
    names = []
    for person in as_sequence(project.people):
        if isinstance(person, Person) and isinstance(person.name, str):
            with contextlib.suppress(BadProject):  # told of the person
                names.append(canonical_name(person.name))
    for model in as_sequence(project.models):
        if isinstance(model, Model):
            yield from with_location(places, "Model", model.name, owner_faults(model, names))


def _people(people: list[Any], places: SourceLocations) -> Iterator[ProjectFault]:
    met: dict[str, str] = {}
    for person in people:
        yield from with_location(places, "Person", person.name, type_faults(person))
        if not isinstance(person.name, str):
            continue
        try:
            name = canonical_name(person.name)
        except BadProject as error:
            yield places.fault("Person", person.name, "name", f"Person: {error}")
            continue
        if name in met:
            said = f"Person {person.name!r}: found the name of {met[name]!r}, expected each person once."
            yield places.fault("Person", person.name, "name", said)
        met.setdefault(name, person.name)
