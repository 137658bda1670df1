"""`comporta data`: the datasets, what is in them, and what differs between their versions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from comporta.cli import completed_values as offered
from comporta.cli import show as shown
from comporta.cli.job import queue_act
from comporta.cli.options import AsJson, By, Force, Priority, Queue, Reason, Where, between
from comporta.cli.words import words as say
from comporta.records.column_type import base_type, type_kind

if TYPE_CHECKING:
    from comporta.records import DatasetSchema, Manifest

_NONE = "No datasets yet. Make their first versions: comporta run"
_SAME = "The same rows and columns."

Name = Annotated[str, Parameter(help="The dataset.", **offered.completes(offered.datasets))]


def list_(*, project: Where = None, json: AsJson = False) -> None:
    """The datasets: declared ones, and all that have versions."""
    from comporta.acts.data.datasets import newest_versions
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        declared, newest = opened.project.tables(), newest_versions(opened)
    if json:
        shown.json(newest)
        return
    if not newest:
        shown.aside(_NONE)
        return
    rows = [
        (
            name,
            found.number if found else None,
            found.rows if found else None,
            len(found.columns) if found else None,
            found.at if found else None,
            declared[name].owner if name in declared else "",
            declared[name].meaning if name in declared else "",
        )
        for name, found in newest.items()
    ]
    shown.table("Datasets", ("dataset", "version", "rows", "columns", "made", "owner", "meaning"), rows)


def show(
    name: Name,
    /,
    *,
    version: Annotated[
        int | None, Parameter(help="Its number; default: the newest.", validator=between(1))
    ] = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """One dataset: its columns with what they hold, what is expected of them, its newest versions.

    Values of personal columns are not shown.
    """
    from comporta.acts.data.datasets import dataset_view
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        view = dataset_view(opened, name, version)
    found, manifest = view.description, view.manifest
    if json:
        shown.json({"description": found, "shape": manifest.shape, "version": manifest.id, "at": manifest.at})
        return
    roles = [say.KEY_COLUMNS.format(columns=", ".join(found.key))]
    roles += [say.SUBJECT_COLUMN.format(column=found.subject)] if found.subject else []
    roles += [say.TIME_COLUMN.format(column=found.time)] if found.time else []
    shown.line(say.DATASET.format(dataset=f"{name}@{found.number}", rows=found.rows, roles="; ".join(roles)))
    expected = _expectations(manifest.shape)
    rows = [
        (
            column.name,
            base_type(column.type),
            f"{column.nulls / found.rows:.1%}" if found.rows else "",
            f"≈{column.distinct:,}" if column.approximate else column.distinct,
            _bound_text(column.least, column.type) if not column.personal else say.PERSONAL,
            _bound_text(column.most, column.type) if not column.personal else "",
            expected.get(column.name, ""),
            column.meaning,
        )
        for column in found.columns
    ]
    shown.table(
        "Columns", ("column", "type", "missing", "distinct", "min", "max", "expected", "meaning"), rows
    )
    _table(view.past)


def versions(
    name: Name,
    /,
    *,
    limit: Annotated[int, Parameter(help=say.LIMIT_DATA, show_default=True, validator=between(1))] = 20,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """The newest versions of a dataset, newest last."""
    from comporta.acts.data.datasets import versions_of
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        past = versions_of(opened, name, limit)
    if json:
        shown.json([{**_brief(each), "columns": each.columns} for each in past])
    else:
        _table(past)
    if (older := past[0].number - 1) > 0:
        shown.aside(say.OLDER_VERSIONS.format(name=name, count=older))


def subjects(
    name: Name,
    /,
    *,
    show: Annotated[bool, Parameter(help="Show some of those pairs: personal values.")] = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """The subjects of a dataset's rows, and how many pairs differ only in case, blanks and the like.

    Erasing one spelling would leave the rows of the other.
    """
    from comporta.acts.data.datasets import subjects_of
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = subjects_of(opened, name, examples=show)
    if json:
        shown.json(found)
        return
    count, ways = found.count, found.spellings
    more = say.SPELLINGS.format(ways=ways) if ways > count else ""
    shown.line(
        say.SUBJECTS.format(dataset=name, number=found.number, count=count, form=found.form, more=more)
    )
    if not found.near:
        shown.line(say.NONE_NEAR)
        return
    rows = [
        (each.differs, each.pairs, "; ".join(" / ".join(map(repr, alike)) for alike in each.examples))
        for each in found.near
    ]
    columns = ("differ in", "pairs", "for instance")
    shown.table(
        "May be one subject", columns if show else columns[:2], rows if show else [row[:2] for row in rows]
    )
    shown.aside(say.NEAR_ADVICE)


def diff(
    name: Name,
    old: Annotated[int, Parameter(help="A version's number.", validator=between(1))],
    new: Annotated[int, Parameter(help="Another's.", validator=between(1))],
    /,
    *,
    rows: Annotated[
        int,
        Parameter(help="How many rows of each kind are shown.", show_default=True, validator=between(0)),
    ] = 5,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Rows and columns that differ between two versions: how many, and the first of each kind.

    Values of personal columns are not shown.
    """
    from comporta.acts.data.datasets import difference_of
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = difference_of(opened, name, old, new, samples=rows)
    if json:
        shown.json(found)
        return
    counts = {"added": found.added, "changed": found.changed, "removed": found.removed}
    shown.line(say.DIFFERENCE.format(dataset=name, old=old, new=new, **counts))
    columns = [("added", column, "", kind) for column, kind in found.columns_added.items()]
    columns += [("removed", column, kind, "") for column, kind in found.columns_removed.items()]
    columns += [("type", column, *kinds) for column, kinds in found.columns_changed.items()]
    if columns:
        shown.table("Columns", ("change", "column", "old", "new"), columns)
    elif not (found.added or found.changed or found.removed):
        shown.line(_SAME)
    samples = [("+", each.key, each.new) for each in found.added_rows]
    samples += [("-", each.key, each.old) for each in found.removed_rows]
    hidden = found.personal
    lines = [(sign, _values(key, hidden), _values(values, hidden)) for sign, key, values in samples]
    for each in found.changed_rows:
        changed = ", ".join(
            f"{column}: {say.PERSONAL}"
            if column in hidden
            else f"{column}: {_value(value)} → {_value(each.new[column])}"
            for column, value in each.old.items()
        )
        lines.append(("~", _values(each.key, hidden), changed))
    if lines:
        shown.table("Rows", ("", "key", "values"), lines)


def accept(name: Name, /, *, project: Where = None, json: AsJson = False) -> None:
    """Accept that the source of a dataset has other columns now. The next run makes a version with them."""
    from comporta.acts.data.accept import accept as accepted
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        columns = accepted(opened, name)
    if json:
        shown.json(columns)
    else:
        shown.table("Accepted", ("column", "type"), columns.items())


def compact(
    name: Name,
    /,
    *,
    queue: Queue = False,
    priority: Priority = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Merge a dataset's many small files. Versions and digests stay the same, and no step runs again."""
    if queue or priority is not None:
        queue_act("compact", {"dataset": name}, priority, project, json)
        return
    from comporta.acts.data.compact import compact as compacted
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        done = compacted(opened, name)
    if json:
        shown.json(done)
    elif done.segments:
        text = say.COMPACTED.format(
            dataset=f"{name}@{done.version}", before=done.before, segments=done.segments, after=done.after,
            size=shown.size(done.size),
        )  # fmt: skip
        shown.line(text)
    else:
        shown.line(say.NOTHING_TO_COMPACT.format(dataset=f"{name}@{done.version}"))


def rejected(
    *,
    retry: Annotated[bool, Parameter(help=say.RETRY, negative="")] = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Predictions and labels that could not be sealed and were rejected; the others were sealed."""
    from comporta.acts.data.rejected import rejected_rows, retry_rejected, waiting_rows
    from comporta.data.prediction_rows import CAUSES
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = rejected_rows(opened)
        count = retry_rejected(opened) if retry else 0
        waiting = 0 if found else waiting_rows(opened)
    if json:
        shown.json(found)
    elif not found:
        shown.line(say.OPEN_ROWS.format(count=waiting) if waiting else say.NONE_REJECTED)
    else:
        rows = [
            (each.dataset, cause, rows, CAUSES.get(cause, ""), each.name.rpartition("/rejected/")[2])
            for each in found
            for cause, rows in each.causes.items()
        ]
        shown.table("Rejected", ("log", "cause", "rows", "meaning", "object"), rows)
    if retry and found and not json:
        shown.line(say.RETRIED.format(count=count))


def export(
    name: Annotated[
        str,
        Parameter(
            help="The dataset, or a version of it such as weather@2.", **offered.completes(offered.datasets)
        ),
    ],
    target: Annotated[
        Path, Parameter(help="A name ending in .parquet or .csv, or a folder, which becomes a Delta table.")
    ],
    /,
    *,
    reveal: Annotated[
        bool, Parameter(help="Write the values of personal columns too: with --reason.", negative="")
    ] = False,
    force: Force = False,
    by: By = None,
    reason: Reason = "",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Write the rows of a dataset version to a file: Parquet, CSV, or a folder that is a Delta table.

    The ledger has who did it. Personal columns stay without values, unless --reveal and a reason are given.
    """
    from comporta.acts.data.export import export as exported
    from comporta.cli.progress import WritingProgress
    from comporta.opened.project import open_project

    progress = WritingProgress(name)
    with open_project(project) as opened:
        try:
            done = exported(
                opened,
                name,
                target,
                reveal=reveal,
                force=force,
                by=by or "",
                reason=reason,
                progress=progress,
            )
        finally:
            progress.end()
    if json:
        shown.json(done)
        return
    shown.line(
        say.ROWS_WRITTEN.format(
            dataset=f"{done.dataset}@{done.number}",
            rows=done.rows,
            columns=len(done.columns),
            path=done.path,
            size=shown.size(done.size),
        )
    )
    if done.masked:
        shown.aside(say.MASKED.format(columns=", ".join(done.masked)))


def _brief(manifest: Manifest) -> dict[str, Any]:
    wanted = ("number", "id", "at", "change", "rows", "added", "removed")
    return {name: getattr(manifest, name) for name in wanted}


def _table(past: Sequence[Manifest]) -> None:
    columns = ("version", "made", "change", "rows", "added", "removed", "id")
    shown.table(
        "Versions",
        columns,
        [
            (each.number, each.at, each.change, each.rows, each.added, each.removed, each.id[:12])
            for each in past
        ],
    )


def _expectations(shape: DatasetSchema) -> dict[str, str]:
    """Column → its declared expectations, short."""
    from comporta.records.declared_value import bound_text

    expected = {}
    for column in shape.columns:
        parts = [f"≥ {bound_text(column.at_least)}"] if column.at_least is not None else []
        parts += [f"≤ {bound_text(column.at_most)}"] if column.at_most is not None else []
        parts += [say.MISSING_AT_MOST.format(share=column.nulls)] if column.nulls < 1 else []
        parts += [say.ONE_OF.format(values=", ".join(map(str, column.one_of)))] if column.one_of else []
        parts += [say.UNIQUE] if column.unique else []
        parts += [say.ONLY_REPORTED] if parts and column.breach == "report" else []
        expected[column.name] = ", ".join(parts)
    return expected


def _bound_text(text: str | None, column_type: str) -> str | None:
    """A least or most value as it is read: numbers with thousands, from where they need them."""
    if text is not None and type_kind(column_type) == "datetime":
        return text.removesuffix(" 00:00:00+00:00").replace("+00:00", "Z")
    if text is None or type_kind(column_type) not in ("whole", "real", "decimal"):
        return text
    amount = float(text)
    return text if amount.is_integer() and abs(amount) < 10_000 and "." not in text else shown.number(amount)


def _values(values: dict[str, Any], hidden: Sequence[str]) -> str:
    return ", ".join(
        f"{name}={say.PERSONAL if name in hidden else _value(value)}" for name, value in values.items()
    )


def _value(value: Any) -> str:
    return f"{value:,}" if isinstance(value, float) else str(value)  # exact: they differ somewhere
