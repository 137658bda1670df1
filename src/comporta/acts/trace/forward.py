"""Forward: what a version, a dataset version, a row or a subject touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from msgspec import UNSET

from comporta.acts.judge.test_set import evaluations
from comporta.acts.release.release import models, version_of
from comporta.acts.serve.serving_log import scan_all_predictions
from comporta.acts.trace import codes
from comporta.acts.trace.batches import answers_about, datasets_with_subject
from comporta.acts.trace.ids import TraceTarget
from comporta.acts.trace.rows import bundle_of, key_of, learned_rows
from comporta.acts.trace.tree import TraceTree
from comporta.acts.trace.windows import WindowedRow, windowed_rows
from comporta.data import key_text, manifest_of, rows_of, slice_of
from comporta.data.keys import subject_hashes, subject_texts
from comporta.errors import NotFound
from comporta.opened.lineage import QUESTIONS, GraphPlace, after, data_place
from comporta.opened.project import OpenProject
from comporta.records import Code, Form, JoinedRow, PlainText, Text, Version, canonical, decode, encode
from comporta.records.columns import KEY, SUBJECT, join_columns
from comporta.registry import VERSIONS
from comporta.release import ROUTES
from comporta.report.codes import state_text

SHOWN = 3


def version_forward(opened: OpenProject, here: TraceTarget) -> TraceTree:
    """How often its test set was evaluated, and the predictions it made."""
    version = version_of(opened, here.name if here.number is None else f"{here.name}/{here.number}")
    done = evaluations(opened.ledger, opened.keys, version)
    evaluated = (
        codes.EVALUATED_SPLIT(times=codes.times(done.here), all=done.split)
        if done.split > done.here
        else codes.EVALUATED(times=codes.times(done.here))
    )
    mine = scan_all_predictions(opened, version.model).filter(pl.col("version") == version.number)
    return TraceTree(
        kind="version",
        id=version.id,
        label=codes.VERSION_STATE(version=version.id, state=state_text(version.state)),
        children=(
            TraceTree(kind="label", id="", label=evaluated),
            *_predictions(version.model, mine, codes.SERVED),
        ),
    )


def dataset_forward(opened: OpenProject, here: TraceTarget) -> TraceTree:
    """The steps that read it, and the model versions these led to."""
    found = manifest_of(opened.store, opened.keys, here.name, here.number)
    place = data_place(found.dataset, found.number)
    steps = []
    for step, _ in after(opened.ledger, place):
        question = opened.ledger.get(QUESTIONS, step.id)
        if question is not None:
            steps.append(
                TraceTree(
                    kind="step",
                    id=step.text,
                    label=codes.READ_BY(step=question.node),
                    facts={"run": question.run},
                    children=tuple(_version_tree(opened, each) for each in _versions_after(opened, step)),
                )
            )
    return TraceTree(
        kind="dataset",
        id=f"{found.dataset}@{found.number}",
        label=codes.DATASET(dataset=f"{found.dataset}@{found.number}", rows=codes.rows(found.rows)),
        children=tuple(steps) or (TraceTree(kind="step", id="", label=codes.READ_BY_NOTHING()),),
    )


def row_forward(opened: OpenProject, here: TraceTarget) -> TraceTree:
    """The versions that learned from the row or were judged on it, and the predictions that read it."""
    found = manifest_of(opened.store, opened.keys, here.name)
    part = slice_of(opened.store, opened.keys, here.name)
    rows = rows_of(opened.store, opened.keys, part, key=key_of(found.shape, here.rest))
    if not rows.height:
        raise NotFound(f"{here.name}: found no row {here.rest} in its newest version, {found.number}.")
    key = key_text([rows[name][0] for name in found.shape.key])
    children = []
    about: dict[str, list[int]] = {}  # model → the versions that are asked about rows of this dataset
    windows: dict[str, list[WindowedRow]] = {}
    for version in models(opened):
        bundle = bundle_of(opened, version)
        spine = bundle.of == here.name
        about.setdefault(version.model, []).extend([version.number] if spine else [])
        joins = list(zip(bundle.joins, join_columns(join.dataset for join in bundle.joins), strict=True))
        newest = [names.key for join, names in joins if join.dataset == here.name and join.window is UNSET]
        mine = windowed_rows(joins, bundle.shapes.get(here.name, found.shape), rows)
        windows.setdefault(version.model, []).extend(mine)
        columns = [KEY] if spine else newest
        children += _learned_tree(version, learned_rows(opened, version, columns, key, windows=mine))
    for model in sorted(about):
        asked = (pl.col("key") == key) & pl.col("version").is_in(about[model])
        read = reads_row(here.name, found.shape.key, key, windows[model])
        children += _predictions(
            model, scan_all_predictions(opened, model).filter(asked | read), codes.READ_IT
        )
    children += answers_about(opened, here.name, found.shape, rows.row(0, named=True))
    return TraceTree(
        kind="row",
        id=f"{here.name}:{here.rest}",
        label=codes.ROW(dataset=here.name, key=here.rest),
        children=tuple(children) or (TraceTree(kind="version", id="", label=codes.NOT_LEARNED()),),
    )


def subject_forward(opened: OpenProject, here: TraceTarget) -> TraceTree:
    """Every row about the subject, the versions that learned from them, and the predictions about it.

    Raises NotFound when no dataset and no prediction knows the subject.
    """
    children: list[TraceTree] = []
    for name, shape in datasets_with_subject(opened).items():
        try:
            part = slice_of(opened.store, opened.keys, name)
        except NotFound:
            continue
        rows = rows_of(opened.store, opened.keys, part, subject=here.rest, form=shape.form)
        if rows.height:
            shown = [_row(name, shape.key, row) for row in rows.head(SHOWN).iter_rows(named=True)]
            more = (TraceTree(kind="row", id="", label=codes.MORE(count=rows.height - SHOWN)),)
            children.append(
                TraceTree(
                    kind="dataset",
                    id=f"{name}@{part.number}",
                    label=codes.ROWS_OF(rows=codes.rows(rows.height), dataset=f"{name}@{part.number}"),
                    children=(*shown, *(more if rows.height > SHOWN else ())),
                )
            )
    forms: dict[str, Form] = {}
    for version in models(opened):
        form = bundle_of(opened, version).shape.form
        forms.setdefault(version.model, form)  # newest first
        marks = subject_hashes(here.rest, opened.keys, form)
        children += _learned_tree(version, learned_rows(opened, version, [SUBJECT], *marks))
    for model in sorted(forms):
        children += _predictions(
            model,
            _about(scan_all_predictions(opened, model), here.rest, forms[model]),
            codes.ABOUT_IT,
        )
    if not children:
        raise NotFound(f"found nothing about the subject {here.rest!r} in any dataset or prediction.")
    return TraceTree(
        kind="subject",
        id=f"subject:{here.rest}",
        label=codes.SUBJECT(subject=here.rest),
        children=tuple(children),
    )


def _about(asked: pl.LazyFrame, subject: str, form: Form) -> pl.LazyFrame:
    """The predictions about a subject, in whatever spelling a request named it."""
    names = asked.select(pl.col("subject").unique().drop_nulls()).collect().to_series()
    same = names.filter(subject_texts(names, form) == canonical(subject, form))
    return asked.filter(pl.col("subject").is_in(same.implode()))


def _learned_tree(version: Version, counts: dict[str, int]) -> list[TraceTree]:
    if not any(counts.values()):
        return []
    what = tuple(
        (codes.LEARNED_FROM if part == "train" else codes.JUDGED_ON)(rows=codes.rows(rows))
        for part, rows in counts.items()
        if rows
    )
    label = codes.LEARNED_VERSION(version=version.id, state=state_text(version.state), what=what)
    return [TraceTree(kind="version", id=version.id, label=label)]


def _predictions(model: str, asked: pl.LazyFrame, what: Code) -> tuple[TraceTree, ...]:
    """How many, and the newest few, each by its id. what: says them, with `count` and `model`."""
    made = asked.select("id", "version", "at").collect()
    if not made.height:
        return ()
    newest = made.sort("at", "id", descending=True).head(SHOWN)
    shown = tuple(
        TraceTree(
            kind="prediction",
            id=row["id"],
            label=codes.PREDICTION(id=row["id"]),
            facts={"version": f"{model}/{row['version']}", "at": f"{row['at']:%Y-%m-%d %H:%M:%S}"},
        )
        for row in newest.iter_rows(named=True)
    )
    values: dict[str, Text] = {"count": codes.predictions(made.height), "model": PlainText(model)}
    label = what(**{name: values[name] for name in what.values})
    return (TraceTree(kind="prediction", id="", label=label, children=shown),)


def _row(dataset: str, key: tuple[str, ...], row: dict[str, Any]) -> TraceTree:
    text = ",".join(_text(row[name]) for name in key)
    return TraceTree(kind="row", id=f"{dataset}:{text}", label=PlainText(text))


def reads_row(dataset: str, names: tuple[str, ...], key: str, windows: Sequence[WindowedRow] = ()) -> pl.Expr:
    """Whether a prediction read this row as history. names: the dataset's key columns; key: the row's key
    text, which holds their values in order. windows: the row as windows of its dataset see it."""
    values = decode(key, list[Any])
    # Joined rows are logged as canonical JSON. What lacks the key in these characters need not be decoded.
    named = {encode(dict(zip(names, values, strict=True))).decode(), *(each.key_in_log for each in windows)}

    def reads(joined: str) -> bool:
        return any(
            (
                each.since is UNSET
                and each.dataset == dataset
                and encode([each.key.get(name) for name in names]) == encode(values)
            )
            or any(window.is_in(each) for window in windows)
            for each in decode(joined, tuple[JoinedRow, ...])
        )

    joined = pl.col("joined")
    likely = pl.when(
        pl.any_horizontal(joined.str.contains(each, literal=True) for each in sorted(named))
    ).then(joined)
    return likely.map_elements(reads, return_dtype=pl.Boolean).fill_null(False)


def _versions_after(opened: OpenProject, step: GraphPlace) -> list[str]:
    """The keys of the model versions that this step leads to, through any number of others."""
    seen, queue, found = {step}, [step], set()
    while queue:
        for place, _ in after(opened.ledger, queue.pop()):
            if place.kind == "version":
                found.add(place.id)
            elif place not in seen:
                seen.add(place)
                queue.append(place)
    return sorted(found)


def _version_tree(opened: OpenProject, key: str) -> TraceTree:
    found = opened.ledger.get(VERSIONS, key)
    assert found is not None, "a version never leaves the inventory"
    route = opened.ledger.get(ROUTES, found.model)
    serves = route is not None and any(share.version == found.number for share in route.shares)
    return TraceTree(
        kind="version",
        id=found.id,
        label=codes.VERSION_STATE(version=found.id, state=state_text(found.state)),
        facts={"serves": codes.NOW()} if serves else {},
    )


def _text(value: Any) -> str:
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
