"""Backward: what an answer, a version, a dataset version or a row came from."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import polars as pl
from msgspec import UNSET

from comporta.acts.release.release import version_of
from comporta.acts.serve.serving_log import find_observation, scan_all_feedback
from comporta.acts.trace import codes
from comporta.acts.trace.answer_facts import answer_facts
from comporta.acts.trace.batches import batch_answer, batch_tree
from comporta.acts.trace.copies import copies
from comporta.acts.trace.ids import TraceTarget
from comporta.acts.trace.rows import key_of
from comporta.acts.trace.tree import TraceTree
from comporta.acts.trace.windows import rows_in_window
from comporta.data import manifest_of, rows_of, slice_of
from comporta.errors import NotFound
from comporta.opened.dataset_versions import DATASETS, dataset_key
from comporta.opened.lineage import QUESTIONS, GraphPlace, asset_place, before, data_place
from comporta.opened.people import releases_with_names, with_names
from comporta.opened.project import OpenProject
from comporta.opened.staleness import staleness
from comporta.records import (
    NO_TEXT,
    JoinedRow,
    Manifest,
    NodeKey,
    PlainText,
    Slice,
    Text,
    Verdict,
    Version,
    Waiver,
)
from comporta.registry import version_key
from comporta.release import ROUTES
from comporta.report.codes import outcome_text, state_text

SHOWN = 3
_RELEASES = {"release": codes.RELEASE_BY, "rollback": codes.ROLLBACK_BY}


def prediction_back(opened: OpenProject, here: TraceTarget) -> TraceTree:
    """The version that answered, the row it was about, its labels, and the rows of history it read.

    Raises NotFound when no log holds the id.
    """
    found = find_observation(opened, here.rest)
    if found is None:
        return _batch_back(opened, here.rest)
    version = version_of(opened, f"{found.model}/{found.version}")
    return TraceTree(
        kind="prediction",
        id=found.id,
        label=codes.ANSWER(model=found.model, output=_output_text(found.output)),
        facts={"at": _time(found.at), "id": found.id, **answer_facts(found)},
        children=(
            TraceTree(
                kind="row",
                id=found.key or "",
                label=codes.REQUEST(key=found.key) if found.key else codes.REQUEST_WITHOUT_KEY(),
                facts={name: _plain(value) for name, value in found.inputs.items()},
            ),
            *_labels(opened, found.id),
            *(_history_row(opened, each) for each in found.joined),
            version_back(opened, TraceTarget(kind="version", name=version.model, number=version.number)),
        ),
    )


def version_back(opened: OpenProject, here: TraceTarget) -> TraceTree:
    """Its gates, who released it, and every step it was made by, down to the dataset versions."""
    name = here.name if here.number is None else f"{here.name}/{here.number}"
    (version,) = with_names(opened, version_of(opened, name))
    made: set[str] = set()
    return TraceTree(
        kind="version",
        id=version.id,
        label=codes.VERSION_STATE(version=version.id, state=state_text(version.state)),
        facts={"made": _time(version.at), "run": version.run, **_commit(version), **_stale(opened, version)},
        children=(
            *_gates(version, opened.now()),
            *_releases(opened, version),
            *copies(opened, GraphPlace("version", version_key(version.model, version.number))),
            _source(opened, version),
            _step(opened, version.steps[NodeKey(kind="fit", model=version.model).name], made),
        ),
    )


def dataset_back(opened: OpenProject, here: TraceTarget) -> TraceTree:
    """When and by what the dataset version was made."""
    found = _manifest(opened, here)
    fact = opened.ledger.get(DATASETS, dataset_key(found.dataset, found.number))
    made = tuple(
        TraceTree(
            kind="step", id=step.text, label=codes.MADE_BY(step=question.node), facts={"run": question.run}
        )
        for step, _ in before(opened.ledger, data_place(found.dataset, found.number))
        if (question := opened.ledger.get(QUESTIONS, step.id)) is not None
    )
    return TraceTree(
        kind="dataset",
        id=f"{found.dataset}@{found.number}",
        label=codes.DATASET(dataset=f"{found.dataset}@{found.number}", rows=codes.rows(found.rows)),
        facts={
            "made": _time(found.at),
            "by": found.change,
            **({"added": f"{fact.added:,}", "removed": f"{fact.removed:,}"} if fact else {}),
        },
        children=(*made, *copies(opened, data_place(found.dataset, found.number))),
    )


def row_back(opened: OpenProject, here: TraceTarget) -> TraceTree:
    """The row itself, and the dataset versions that hold it. Raises NotFound when none does."""
    newest = _manifest(opened, here)
    key = key_of(newest.shape, here.rest)
    holding: list[int] = []
    values: dict[str, Any] = {}
    for number in range(newest.number, 0, -1):
        part = slice_of(opened.store, opened.keys, here.name, number=number)
        rows = rows_of(opened.store, opened.keys, part, key=key)
        if rows.height:
            values = values or rows.row(0, named=True)
            holding.append(number)
    if not holding:
        raise NotFound(f"{here.name}: found no row {here.rest} in any of its {newest.number} versions.")
    return TraceTree(
        kind="row",
        id=f"{here.name}:{here.rest}",
        label=codes.ROW(dataset=here.name, key=here.rest),
        facts={name: _plain(value) for name, value in values.items() if name not in newest.shape.key},
        children=tuple(
            dataset_back(opened, TraceTarget(kind="dataset", name=here.name, number=number))
            for number in holding
        ),
    )


def _batch_back(opened: OpenProject, id: str) -> TraceTree:
    """The same of an answer that was given in a batch. Raises NotFound when none was."""
    found = batch_answer(opened, id)
    if found is None:
        raise NotFound(
            f"found no {id!r} in the prediction log, expected the id of an answer, a version such as late/1, "
            "a dataset, DATASET:KEY or subject:VALUE. The log is written within a second."
        )
    row = {} if found.row is None else {name: _plain(value) for name, value in found.row.items()}
    version = version_back(
        opened, TraceTarget(kind="version", name=found.fact.model, number=found.fact.number)
    )
    return batch_tree(found, row, _labels(opened, id), version)


def _labels(opened: OpenProject, id: str) -> tuple[TraceTree, ...]:
    """What came true of the prediction, as often as it was told."""
    came = scan_all_feedback(opened).filter(pl.col("id") == id).sort("arrived").collect()
    return tuple(
        TraceTree(
            kind="label",
            id="",
            label=codes.LABEL(label=row["label"]),
            facts={name: _time(row[name]) for name in ("at", "arrived") if row[name] is not None},
        )
        for row in came.iter_rows(named=True)
    ) or (TraceTree(kind="label", id="", label=codes.NO_LABEL()),)


def _history_row(opened: OpenProject, joined: JoinedRow) -> TraceTree:
    """The row of history a prediction read, or its window of rows, as the dataset version holds it that they
    were read from."""
    if joined.since is not UNSET:
        return _history_window(opened, joined)
    text = ",".join(str(_plain(value)) for value in joined.key.values())
    facts: dict[str, Any] = {}
    if joined.event is not None:
        facts["event"] = _time(joined.event)
    if joined.arrived is not None:
        facts["known"] = _time(joined.arrived)
    try:
        part = slice_of(opened.store, opened.keys, joined.dataset, number=joined.version)
        rows = rows_of(opened.store, opened.keys, part, key=joined.key)
    except NotFound:
        rows = None
    if rows is not None and rows.height:
        row = rows.row(0, named=True)
        facts |= {name: _plain(value) for name, value in row.items() if name not in joined.key}
    else:
        facts["gone"] = codes.GONE()
    return TraceTree(
        kind="row",
        id=f"{joined.dataset}:{text}",
        label=codes.HISTORY_ROW(dataset=joined.dataset, key=text),
        facts=facts,
        children=(
            TraceTree(
                kind="dataset",
                id=f"{joined.dataset}@{joined.version}",
                label=PlainText(f"{joined.dataset}@{joined.version}"),
            ),
        ),
    )


def _history_window(opened: OpenProject, joined: JoinedRow) -> TraceTree:
    """How many rows the window held, and the newest few."""
    facts: dict[str, Any] = {
        "since": _time(joined.since),
        "event": _time(joined.event),
        "known": _time(joined.arrived),
    }
    shown: list[TraceTree] = []
    try:
        shape, rows = rows_in_window(opened, joined)
    except NotFound:
        rows = None
    if rows is None or not rows.height:
        facts["gone"] = codes.GONE()
    else:
        facts["rows"] = f"{rows.height:,}"
        for row in rows.head(SHOWN).iter_rows(named=True):
            text = ",".join(str(_plain(row[name])) for name in shape.key)
            shown.append(TraceTree(kind="row", id=f"{joined.dataset}:{text}", label=PlainText(text)))
        if rows.height > SHOWN:
            shown.append(TraceTree(kind="row", id="", label=codes.MORE(count=rows.height - SHOWN)))
    matched = ",".join(f"{name}={_plain(value)}" for name, value in joined.key.items())
    return TraceTree(
        kind="window",
        id="",
        label=codes.HISTORY_WINDOW(dataset=joined.dataset, key=matched),
        facts={name: value for name, value in facts.items() if value},
        children=(
            *shown,
            TraceTree(
                kind="dataset",
                id=f"{joined.dataset}@{joined.version}",
                label=PlainText(f"{joined.dataset}@{joined.version}"),
            ),
        ),
    )


def _step(opened: OpenProject, recipe: str, made: set[str]) -> TraceTree:
    """A step and what it read; a step met again is only named."""
    question = opened.ledger.get(QUESTIONS, recipe)
    if question is None:
        return TraceTree(
            kind="step", id=recipe, label=codes.STEP(recipe=recipe[:12]), facts={"forgotten": codes.YES()}
        )
    again = recipe in made
    made.add(recipe)
    children: list[TraceTree] = []
    if not again:
        seen: set[GraphPlace] = set()
        for asset in question.recipe.inputs.values():
            if isinstance(asset, Slice):
                children.append(_slice(asset))
                continue
            for place, _ in before(opened.ledger, asset_place(asset)):
                if place not in seen and place.kind == "step":
                    seen.add(place)
                    children.append(_step(opened, place.id, made))
    facts: dict[str, Any] = {"recipe": recipe[:12], "code": question.recipe.code[:12]}
    if again:
        facts = {"see": codes.ABOVE()}
    return TraceTree(
        kind="step", id=recipe, label=PlainText(question.node), facts=facts, children=tuple(children)
    )


def _slice(part: Slice) -> TraceTree:
    return TraceTree(
        kind="dataset",
        id=f"{part.dataset}@{part.number}",
        label=PlainText(f"{part.dataset}@{part.number}"),
        facts={"rows": f"{part.rows:,}", "digest": part.digest[:12]},
    )


def _gates(version: Version, now: datetime) -> tuple[TraceTree, ...]:
    """What the required checks came to; those that did not pass by name."""
    if not version.verdicts:
        return (TraceTree(kind="gate", id="", label=codes.NO_GATES()),)
    required = [verdict for verdict in version.verdicts if verdict.required]
    blocking = version.blocking_verdicts(now)
    counts = Counter("waived" if _waives(version, each, now) else each.outcome for each in required)
    each_of = tuple(
        codes.COUNT_OF(count=count, outcome=_outcome(outcome, count)) for outcome, count in counts.items()
    )
    few = {0: codes.NONE_BLOCKS(), 1: codes.ONE_BLOCKS()}
    label = few.get(len(blocking)) or codes.SEVERAL_BLOCK(count=len(blocking))
    return (
        TraceTree(
            kind="gate",
            id=version.policy,
            label=codes.GATES(blocking=label, counts=each_of) if each_of else label,
            children=tuple(_check(version, each, now) for each in required if each.outcome != "pass"),
        ),
    )


def _waives(version: Version, verdict: Verdict, now: datetime) -> Waiver | None:
    """The waiver without which it would block."""
    return version.waiver_of(verdict, now) if verdict.blocks else None


def _outcome(outcome: str, count: int) -> Text:
    """What so many checks came to."""
    if outcome == "does not apply" and count > 1:
        return codes.DO_NOT_APPLY()
    others = {"pass": codes.PASSED, "fail": codes.FAILED, "waived": codes.WAIVED}
    return others[outcome]() if outcome in others else outcome_text(outcome)


def _check(version: Version, verdict: Verdict, now: datetime) -> TraceTree:
    waiver = _waives(version, verdict, now)
    signed = {"waived by": waiver.by, "until": f"{waiver.until:%Y-%m-%d}"} if waiver is not None else {}
    label = codes.CHECK(outcome=outcome_text(verdict.outcome), check=verdict.display_title)
    return TraceTree(kind="gate", id=verdict.check, label=label, facts=signed)


def _releases(opened: OpenProject, version: Version) -> tuple[TraceTree, ...]:
    route = opened.ledger.get(ROUTES, version.model)
    every = () if route is None else route.history
    releases = releases_with_names(
        opened, *(each for each in every if any(share.version == version.number for share in each.shares))
    )
    approved = tuple(
        TraceTree(
            kind="release",
            id="",
            label=codes.APPROVED_BY(by=each.by),
            facts={"as": each.role, "why": each.why},
        )
        for each in version.approvals
    )
    return approved + tuple(
        TraceTree(
            kind="release",
            id=str(each.number),
            label=_RELEASES.get(each.kind, codes.RELEASE_BY)(
                number=each.number, by=PlainText(each.by) if each.by else codes.SOMEONE()
            ),
            facts={"at": _time(each.at), **({"why": each.why} if each.why else {})},
        )
        for each in releases
    )


def _source(opened: OpenProject, version: Version) -> TraceTree:
    source = version.parts["code"]
    files = [path for path in opened.context.get_json(source, dict[str, str]) if path.endswith(".py")]
    return TraceTree(
        kind="step",
        id=source.digest,
        label=codes.SOURCE(files=tuple(files)),
        facts={"digest": source.digest[:12], **_commit(version)},
    )


def _stale(opened: OpenProject, version: Version) -> dict[str, Text]:
    """What of that which it learned from is not as it was, or is not known to be."""
    since = tuple(
        codes.ERASED(dataset=each.dataset)
        if each.answer == "erased"
        else codes.UNKNOWN(dataset=each.dataset, cause=each.cause or NO_TEXT)
        for each in staleness(opened, version)
        if each.answer != "fresh"
    )
    return {"since": codes.SEVERAL(parts=since)} if since else {}


def _manifest(opened: OpenProject, here: TraceTarget) -> Manifest:
    return manifest_of(opened.store, opened.keys, here.name, here.number)


def _commit(version: Version) -> dict[str, str]:
    return {"commit": version.commit[:12] + ("+" if version.dirty else "")} if version.commit else {}


def _output_text(output: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_plain(value)}" for name, value in output.items())


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _time(at: Any) -> str:
    return str(at.strftime("%Y-%m-%d %H:%M:%S")) if at is not None else ""
