"""`comporta check`: every error of a project at once, in its declaration and against its data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import polars as pl

from comporta.acts.build.dataset_check import absent_column, dataset_faults
from comporta.acts.judge.budget import seconds_at
from comporta.acts.judge.pool import spec_of
from comporta.checks import needs
from comporta.data import scan_slice, slice_of
from comporta.data.asof import needed_columns
from comporta.data.features import JoinedTables, plan_of_bundle
from comporta.data.features_history import load_tables
from comporta.data.features_timeline import clocks
from comporta.data.rowwise import rowwise_faults
from comporta.data.sources import from_files, from_function
from comporta.data.window_columns import require_aggregates
from comporta.data.window_table import require_history, window_of
from comporta.errors import ComportaError, NotFound
from comporta.opened.bundle import bundle
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.project import Dataset, Features, Model, Window
from comporta.project.fault_data import numbered_joins
from comporta.project.faults import project_faults, sources
from comporta.project.locate import ProjectFault, SourceLocations
from comporta.records import Join, Need
from comporta.records.columns import HIDDEN
from comporta.records.csv_files import CsvFiles
from comporta.records.named_column import by_names, exact_column
from comporta.records.split import ByTime
from comporta.stats.classes import class_text
from comporta.train.target import task_of

ROWS = 300
LONG = timedelta(days=1)
"""Any span: in the place of a window's, where only its columns are looked at."""


def find_faults(opened: OpenProject, notice: Callable[[str], None] | None = None) -> tuple[ProjectFault, ...]:
    """The faults in the order of the project file. Data is read from the newest version if there is one, else
    from its source; nothing is stored. notice: called with the name of each dataset and model before it is
    looked at. Raises BadProject on a budget that is no number."""
    require_permission(opened, "data.read")
    seconds_at("release", opened.settings.budget)
    declared = project_faults(opened.project, opened.root)
    places = SourceLocations(sources(opened.root), opened.root)
    found: list[ProjectFault] = []
    frames: dict[str, pl.LazyFrame] = {}
    for name, dataset in opened.project.tables().items():
        if notice is not None:
            notice(name)
        try:
            frames[name] = _frame(opened, dataset)
            found += dataset_faults(dataset, frames[name], places)
        except Exception as error:  # the boundary to a source: whatever it raises
            reason = error if isinstance(error, ComportaError) else f"{type(error).__name__}: {error}"
            found.append(places.fault("Dataset", name, "source", f"{name}: its source failed. {reason}"))
    if not found:
        for model in opened.project.models:
            if notice is not None:
                notice(model.name)
            found += _of_model(model, frames, places)
            if not found:
                found += _of_classes(model, frames, places)
            if not found and not declared:
                found += _of_windows(model, frames, places)
            # Only on a sound declaration: else the same faults would be reported twice.
            if not found and not declared:
                found += _of_functions(model, opened.root, frames, places)
    lines = {(fault.file, fault.line) for fault in declared}
    new = {fault for fault in found if (fault.file, fault.line) not in lines}
    return tuple(sorted({*declared, *new}, key=lambda fault: (fault.file, fault.line, fault.message)))


def _frame(opened: OpenProject, dataset: Dataset) -> pl.LazyFrame:
    """The dataset's rows: of its newest version, else from its source."""
    try:
        return scan_slice(opened.store, opened.keys, slice_of(opened.store, opened.keys, dataset.name))
    except NotFound:
        source = dataset.source
        made = (
            from_files(source, Path(opened.root), dataset.name)
            if isinstance(source, str | CsvFiles)
            else from_function(source, dataset.name)
        )
        return made.lazy() if isinstance(made, pl.LazyFrame | pl.DataFrame) else next(iter(made)).lazy()


def _of_model(
    model: Model, frames: dict[str, pl.LazyFrame], places: SourceLocations
) -> Iterator[ProjectFault]:
    """Columns that are declared and not there."""
    features = model.features
    of = frames[features.of.name]
    columns = of.collect_schema().names()
    found = [
        places.fault("Features", features.name, "known", absent_column(features.of.name, name, columns))
        for name in features.known
        if name not in columns
    ]
    columns_of = {"target": (model.target,), "slices": model.slices}
    columns_of["group"] = () if model.group is None else (model.group,)
    columns_of["weight"] = () if model.weight is None else (model.weight,)
    columns_of["gates"] = tuple(need.by for need in needs(model.gates) if need.by)
    joins = list(_joins(features))
    seen = {*columns, *(name for _, _, join in joins for name in join.feature_names)}
    for field, names in columns_of.items():
        for name in names:
            if name not in seen:
                found.append(
                    places.fault("Model", model.name, field, absent_column(features.of.name, name, columns))
                )
    time = features.of.time
    if isinstance(model.split, ByTime) and time is not None and time in columns:
        lost = int(of.select(exact_column(time).null_count()).collect().item())
        if lost:
            message = (
                f"{features.of.name}.{time}: found {lost:,} rows without a time, expected one in each: rows "
                "are split by it. Fill it, or leave these rows out in the source."
            )
            found.append(places.fault("Model", model.name, "split", message))
    for kind, nth, join in joins:
        there = frames[join.dataset].collect_schema().names()
        values = "of" if kind == "Window" else "columns"
        for field, mine in (("on", join.on.values()), (values, join.value_columns)):
            for name in mine:
                if name not in there:
                    message = absent_column(join.dataset, name, there)
                    found.append(places.fault(kind, features.name, field, message, nth=nth))
    yield from found


def _joins(features: Features) -> Iterator[tuple[str, int, Join]]:
    """Each join as plain data, with its kind and which of that kind it is."""
    for kind, nth, join in numbered_joins(features):
        # A bad span hides nothing: it is told with the declaration.
        span = {"over": LONG} if isinstance(join, Window) else {"tolerance": None}
        yield kind, nth, msgspec.structs.replace(join, **span).join()


def _of_windows(
    model: Model, frames: dict[str, pl.LazyFrame], places: SourceLocations
) -> Iterator[ProjectFault]:
    """Windows that are longer than the history of their table, or ask what its values do not have."""
    features = model.features
    for kind, nth, declared in numbered_joins(features):
        if not isinstance(declared, Window):
            continue
        join, shape = declared.join(), declared.dataset.shape()
        table = needed_columns(frames[join.dataset], join, shape)
        schema = table.collect_schema()
        try:
            for what, column in window_of(join).of.values():
                require_aggregates(schema[column], {what}, f"{join.dataset}.{column}")
        except ComportaError as error:
            yield places.fault(kind, features.name, "of", str(error), nth=nth)
            continue
        try:
            require_history(table.select(by_names(clocks(shape))).collect(), join, shape)
        except ComportaError as error:
            yield places.fault(kind, features.name, "over", str(error), nth=nth)


def _of_classes(
    model: Model, frames: dict[str, pl.LazyFrame], places: SourceLocations
) -> Iterator[ProjectFault]:
    """Classes that gates name and the target does not have."""
    asked = [
        ("gates", f"{need.what}: ", name) for need in needs(model.gates) for name in _classes_named(need)
    ]
    if model.positive is not None:
        asked.append(("positive", "", str(model.decision()["positive"])))
    if not asked and model.threshold is None:
        return
    rows = frames[model.features.of.name].select(exact_column(model.target)).unique().collect()
    y = rows[model.target].drop_nulls()
    try:
        task = task_of(y, model.task)
    except ComportaError:  # what the run says of such a target
        return
    there = () if task == "regression" else tuple(sorted(map(class_text, y.to_list())))
    for field, what, name in dict.fromkeys(asked):
        if name in there:
            continue
        expected = f"one of: {', '.join(there)}" if there else "none: the target is a number to predict"
        said = f"Model {model.name!r}: {field}: {what}found the class {name!r}, expected {expected}."
        yield places.fault("Model", model.name, field, said)
    for field in ("positive", "threshold"):
        if getattr(model, field) is not None and len(there) > 2:
            said = f"Model {model.name!r}: {field}: found {len(there)} classes, expected two. Remove it."
            yield places.fault("Model", model.name, field, said)


def _classes_named(need: Need) -> Iterator[str]:
    """The classes that a need's params name."""
    spec = spec_of(need)
    for name, text in need.params if spec is not None else ():
        if spec is not None and name in spec.classes and isinstance(label := msgspec.json.decode(text), str):
            yield from (label,) if label else ()


def _of_functions(
    model: Model, root: Path, frames: dict[str, pl.LazyFrame], places: SourceLocations
) -> Iterator[ProjectFault]:
    """Feature functions that fail, or whose values depend on other rows."""
    features = model.features
    plan = plan_of_bundle(bundle(model, root), features.compute)
    rows = frames[features.of.name].head(ROWS).collect()
    try:
        history: JoinedTables = load_tables(frames, plan.joins, plan.shapes, rows.schema)
        known = plan.select_known(rows)
        read = history.read(known, plan.times(rows))
        joined = read[[name for name in read.columns if not name.startswith(HIDDEN)]]
        plan.make_features(known, joined)
    except ComportaError as error:
        yield places.fault("Features", features.name, "compute", str(error))
        return
    for message in rowwise_faults(plan.compute, known.hstack(joined) if joined.width else known):
        yield places.fault("Features", features.name, "compute", message)
