"""Each form of a model behind the real request path, row for row beside what research predicted.

All rows are asked their features in each form. Where features are made on the way, by joins and functions,
some rows are asked as raw requests too, with history as it stood at their own time: their answers and their
features are those of what a release would serve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from msgspec.structs import replace

from comporta.checks.parity.codes import (
    FORM_NOT_KEPT,
    NO_SUCH_COLUMN,
    NOT_ASKED_AS_REQUESTS,
    WAY_NOT_MEASURED,
)
from comporta.checks.parity.figures import (
    BESIDE,
    BEYOND,
    CANDIDATE,
    FEATURES,
    LARGEST,
    LARGEST_OF_FEATURE,
    LIVE_FILE,
    NOT_SERVED,
    RAW,
    REFUSED,
    REQUESTED,
    ROUNDED,
    THRESHOLDS,
)
from comporta.checks.parity.tables import BEYOND_LIMIT, DIFFERENCES, LARGEST_APART, REQUEST, UNSERVED
from comporta.checks.shared.measuring.candidate_server import CandidateServer, Served
from comporta.checks.shared.measuring.codes import NO_TEST_ROWS
from comporta.checks.shared.measuring.raw_requests import (
    FromRaw,
    Raw,
    as_explained,
    ask_raw,
    bundle_of,
    is_raw,
    sample_places,
)
from comporta.checks.shared.measuring.server_answers import (
    Gaps,
    Research,
    Written,
    asking,
    explain_by_rounding,
    gaps,
    pieces,
    research_of,
)
from comporta.checks.shared.measuring.v2_requests import as_bytes, rows_in_one
from comporta.checks.shared.tables import COLUMN, DIFFERENCE, FEATURE, FIRST_ROW, FORM, RESEARCH, ROWS, WHY
from comporta.checks.shared.tables import FEATURES as FEATURE_TABLE
from comporta.records import (
    Artifact,
    Figure,
    Findings,
    FittedModel,
    Signature,
    Slice,
    TableCell,
    TableRow,
    Text,
    UnmeasuredFigure,
    conditions,
)
from comporta.records.arguments import argument_ids
from comporta.records.columns import KEY
from comporta.records.export import Agreement, ExportAgreement
from comporta.records.features import Bundle
from comporta.records.variadic_input import table_inputs
from comporta.store import StepContext
from comporta.store.frames import read

BEYOND_BY = tuple(10.0**power for power in range(-12, 0))
"""At each of these the rows that differ by more are counted, so that another tolerance asks nothing again."""
KEPT = 32
"""Requests kept for the other forms: each is at most 8 MB."""
Wanted = tuple[np.ndarray[Any, np.dtype[np.int64]], pl.DataFrame]
WORST = 50
"""Features that differ, of which each has figures and lines of its own."""


@argument_ids(declared_bundle="way", stored_bundle="bundle")
def measure(
    context: StepContext,
    *,
    model: Artifact,
    signature: Artifact,
    parity: Artifact,
    trial: Artifact,
    predictions: Artifact,
    served: Served,
    opened: Callable[[StepContext, Artifact, Artifact], FittedModel],
    onnx: Artifact | None = None,
    declared_bundle: Mapping[str, Any] | None = None,
    raw: Raw | None = None,
    stored_bundle: Artifact | None = None,
    code: Artifact | None = None,
    **others: Slice,
) -> dict[str, Artifact]:
    """`findings`: by form the largest difference of any row, rows refused, and rows beyond each power of
    ten; and of the features of raw requests the same.

    declared_bundle: from a request to its features, as JSON. stored_bundle, code: that and the source of a
    version that was made by others than those of today. others: the dataset versions that the features read,
    as `table <dataset>`.
    """
    takes = context.get_json(signature, Signature)
    parts = {"model": model, "signature": signature, "parity": parity, "trial": trial}
    parts |= {} if onnx is None else {"onnx": onnx}
    agreed = context.get_json(parity, ExportAgreement).forms
    forms = ["native", *(name for name, each in agreed.items() if each.agrees)]
    tables = table_inputs(others)
    bundle = bundle_of(context, declared_bundle, stored_bundle)
    made_on_the_way = not is_raw(takes, bundle)
    asked = cache(lambda: opened(context, model, signature))
    # Beside the start of the server, which takes about as long.
    with ThreadPoolExecutor(1) as beside:
        prepared = beside.submit(_prepare, context, predictions, takes)
        serve = partial(served, context, parts, recorded=False, partly=True)
        if made_on_the_way and raw is not None and bundle is not None and bundle.of in tables:
            wanted = beside.submit(_wanted_rows, context, raw, bundle, tables, prepared.result)
            behind = serve((*forms, CANDIDATE), bundle=bundle, tables=tables, code=code)
        else:
            wanted, behind = None, serve(forms)
        with behind as at:
            compared = _compare(
                at, takes, forms, prepared.result(), None if wanted is None else wanted.result, asked
            )
            live = at.live_files()
    rows, research, found, from_raw, failed = compared
    dropped = {name: each.reason for name, each in agreed.items() if not each.agrees}
    kept = findings(takes, research, found, dropped, from_raw, plain=not made_on_the_way, failed=failed)
    kept = replace(
        kept, figures=(*kept.figures, *_form_figures(agreed, found), *_live_file_figures(live, rows))
    )
    print(f"{rows:,} rows asked of {', '.join(forms)} over HTTP")
    if from_raw is not None:
        count = len(from_raw.places)
        print(f"{count:,} of them from the raw request on; {len(from_raw.features)} features compared")
    return {"findings": context.put_json(kept)}


class FormComparison(NamedTuple):
    """rows: how many. gaps: by form how far its answers are apart. failed: forms that cannot be served."""

    rows: int
    research: Research
    gaps: dict[str, Gaps]
    from_raw: FromRaw | None
    failed: dict[str, str]


def _compare(
    at: CandidateServer,
    takes: Signature,
    forms: Sequence[str],
    prepared: tuple[pl.DataFrame, Research, Written],
    wanted: Callable[[], Wanted] | None,
    asked: Callable[[], FittedModel],
) -> FormComparison:
    """Each form that is served beside research; and raw requests, where some are wanted."""
    rows, research, written = prepared
    before: dict[str, Gaps] = {}
    found: dict[str, Gaps] = {}
    from_raw = None
    failed = dict(at.failed)
    for form in filter(lambda form: form not in failed, forms):
        ask = asking(at.url, form)
        before[form] = gaps(takes, research, rows, ask, written)
        found[form] = explain_by_rounding(before[form], takes, research, rows, ask, asked)
    if wanted is not None and CANDIDATE not in failed:
        places, requests = wanted()
        door = asking(at.url, CANDIDATE)
        from_raw = ask_raw(takes, rows, research, places, requests, door, at.take_features)
        from_raw = as_explained(from_raw, before, found)
    return FormComparison(rows.height, research, found, from_raw, failed)


def _form_figures(agreed: Mapping[str, Agreement], found: Mapping[str, Gaps]) -> list[Figure]:
    """Where the export asked each form that serves, beside rows as they come."""
    return [
        Figure(metric=of.metric, value=count, rows=each.beside, under=conditions(form=name))
        for name, each in agreed.items()
        if name in found and each.beside
        for of, count in ((BESIDE, each.beside), (THRESHOLDS, each.thresholds))
    ]


def _live_file_figures(files: Sequence[str], rows: int) -> list[Figure]:
    """One for each file of the project that the candidate's code asked for."""
    return [
        Figure(metric=LIVE_FILE.metric, value=1, rows=rows, under=conditions(file=name)) for name in files
    ]


def _prepare(
    context: StepContext, predictions: Artifact, takes: Signature
) -> tuple[pl.DataFrame, Research, Written]:
    """The rows, what research said of them, and their requests, the first of them written already."""
    rows = read(context, predictions)
    written = lru_cache(KEPT)(lambda start, stop: as_bytes(rows[start:stop], takes.features))
    for piece in islice(pieces(rows.height, rows_in_one(takes)), KEPT):
        written(*piece)
    return rows, research_of(rows, takes), written


def _wanted_rows(
    context: StepContext,
    raw: Raw,
    bundle: Bundle,
    tables: Mapping[str, Slice],
    prepared: Callable[[], tuple[pl.DataFrame, Research, Written]],
) -> Wanted:
    """Places of the rows that are asked from the raw request on, and their requests."""
    rows = prepared()[0]
    places = sample_places(rows.height, context.seed)
    return places, raw(context, bundle, tables, rows[KEY].gather(places).to_list())


def findings(
    takes: Signature,
    research: Research,
    found: Mapping[str, Gaps],
    reasons: Mapping[str, Text],
    from_raw: FromRaw | None = None,
    *,
    plain: bool = True,
    failed: Mapping[str, str] | None = None,
) -> Findings:
    """Figures by form; the first row and output beyond each power of ten in `differences`, the first row of
    each feature that differs in `features`. reasons: of forms that are not kept. plain: the features are what
    a request carries. failed: forms that a fresh process cannot serve, and why."""
    rows = len(research.margin)
    figures: list[Figure] = []
    table: list[TableRow] = []
    for form, gap in found.items():
        figures += _figures(form, gap)
        table += _lines(form, gap, research, np.arange(rows))
    unserved: list[TableRow] = []
    differing: list[TableRow] = []
    for form, why in (failed or {}).items():
        under = conditions(form=RAW if form == CANDIDATE else form)
        figures.append(Figure(metric=NOT_SERVED.metric, value=1, rows=rows, under=under))
        unserved.append({FORM: form, WHY: why})
    notes = [FORM_NOT_KEPT(form=form, reason=reason) for form, reason in reasons.items()]
    count = rows if plain else 0
    if from_raw is not None:
        count = int((~from_raw.gaps.refused).sum())
        figures += _figures(RAW, from_raw.gaps)
        table += _lines(RAW, from_raw.gaps, research, from_raw.places)
        of_features, differing = _of_features(from_raw)
        figures += of_features
        if len(from_raw.places) < from_raw.of:
            lost = from_raw.of - len(from_raw.places)
            notes.append(NOT_ASKED_AS_REQUESTS(rows=lost))
    elif not plain and not failed:
        notes.append(WAY_NOT_MEASURED())
    if count:
        figures.append(Figure(metric=REQUESTED.metric, value=count, rows=count))
    return Findings(
        figures=tuple(figures) if rows else (),
        unmeasured=() if rows else (UnmeasuredFigure(metric=LARGEST.metric, why=NO_TEST_ROWS()),),
        rows=rows,
        of=rows,
        notes=tuple(notes),
        tables=tuple(
            of.of(lines)
            for of, lines in ((DIFFERENCES, table), (UNSERVED, unserved), (FEATURE_TABLE, differing))
            if lines
        ),
    )


def _figures(form: str, gap: Gaps) -> list[Figure]:
    told: dict[str, Any] = {"rows": len(gap.by), "under": conditions(form=form)}
    made = [
        Figure(metric=LARGEST.metric, value=float(gap.by.max(initial=0.0)), **told),
        Figure(metric=REFUSED.metric, value=float(gap.refused.sum()), **told),
        Figure(metric=ROUNDED.metric, value=gap.rounded, **told),
    ]
    return made + [_beyond(made[0], limit, int((gap.by > limit).sum())) for limit in BEYOND_BY]


def _lines(
    form: str, gap: Gaps, research: Research, places: np.ndarray[Any, np.dtype[np.int64]]
) -> list[TableRow]:
    """The first row beyond each power of ten. places: of the rows among all."""
    made: list[TableRow] = []
    for limit in BEYOND_BY:
        beyond = np.flatnonzero(gap.by > limit)
        if not len(beyond):
            continue
        first = beyond[places[beyond].argmin()]
        row, output = int(places[first]), str(gap.output[first])
        line: TableRow = {FORM: form, BEYOND_LIMIT: limit, ROWS: len(beyond), FIRST_ROW: row}
        line[COLUMN] = output
        if output in research.names:
            line[RESEARCH] = float(research.scores[row, research.names.index(output)])
        made.append({**line, DIFFERENCE: float(gap.by[first])})
    return made


def _of_features(from_raw: FromRaw) -> tuple[list[Figure], list[TableRow]]:
    """Figures of the features that differ most, and the first row of each."""
    places = from_raw.places[~from_raw.gaps.refused]
    rows = len(places)
    if not rows:
        return [], []
    by = {name: (float(gap.max(initial=0.0)), gap) for name, gap in from_raw.features.items()}
    worst = sorted(by, key=lambda name: -by[name][0])[:WORST]
    differ = [name for name in worst if by[name][0] > BEYOND_BY[0]]
    figures = [Figure(metric=FEATURES.metric, value=len(by), rows=rows)]
    if not differ:
        largest = max((largest for largest, _ in by.values()), default=0.0)
        return [*figures, Figure(metric=LARGEST_OF_FEATURE.metric, value=largest, rows=rows)], []
    table: list[tuple[int, TableRow]] = []
    for name in differ:
        largest, gap = by[name]
        told: dict[str, Any] = {"rows": rows, "under": conditions(feature=name)}
        whole = Figure(metric=LARGEST_OF_FEATURE.metric, value=largest, **told)
        figures.append(whole)
        figures += [
            _beyond(whole, limit, count) for limit in BEYOND_BY if (count := int((gap > limit).sum()))
        ]
        apart = np.flatnonzero(gap > BEYOND_BY[0])
        first = int(apart[places[apart].argmin()])
        line: TableRow = {FEATURE: name, ROWS: len(apart), FIRST_ROW: int(places[first])}
        line[RESEARCH] = _cell(from_raw.research[name][first])
        there = name in from_raw.served.columns
        line[REQUEST] = _cell(from_raw.served[name][first]) if there else NO_SUCH_COLUMN()
        table.append((int(places[first]), {**line, DIFFERENCE: float(gap[first]), LARGEST_APART: largest}))
    return figures, [line for _, line in sorted(table, key=lambda each: each[0])]


def _cell(value: object) -> TableCell:
    if value is None or isinstance(value, bool):
        return str(value)
    return value if isinstance(value, int) else float(value) if isinstance(value, float) else str(value)


def _beyond(of: Figure, limit: float, count: int) -> Figure:
    """How many rows are further apart than this power of ten."""
    under = (*of.under, *conditions(difference=limit))
    return Figure(metric=BEYOND.metric, value=count, rows=of.rows, under=under)
