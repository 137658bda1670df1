"""Whether what will answer requests answers as research did, in each of the model's forms."""

from __future__ import annotations

import math
from math import floor, log10
from typing import ClassVar

import msgspec

from comporta.checks.parity.figures import (
    BESIDE,
    BEYOND,
    FEATURES,
    LARGEST,
    LARGEST_OF_FEATURE,
    LIVE_FILE,
    NOT_SERVED,
    RAW,
    REFUSED,
    REQUESTED,
    THRESHOLDS,
)
from comporta.checks.shared.judging.arguments import check_choice, number
from comporta.checks.shared.judging.bounds import Bound, within_bounds
from comporta.checks.shared.judging.identity import identity
from comporta.checks.shared.judging.wording import sentences
from comporta.records import (
    LEVELS,
    NUMBER,
    Evidence,
    Level,
    Need,
    Quantity,
    Record,
    Text,
    Verdict,
    code,
    condition_id,
    conditions,
    need,
)
from comporta.records.measurement import MeasurementSpec

TITLE = code("check.parity", "training-serving skew at most {tolerance:g}", tolerance=NUMBER)
UNSERVED = code(
    "parity.unserved",
    "{count} of its forms cannot be served by a fresh process ({forms}): it does not load there, or does not "
    "answer its trial rows as it did when it was kept. The evidence says why.",
    count=int, forms=tuple,
)  # fmt: skip
READS_LIVE_FILES = code(
    "parity.reads_live_files",
    "To answer, its code reads {files}: found what may change after the release, expected only what is kept "
    "with the version, which is refused such files. Keep their values in a dataset, or in a Python module "
    "that is imported.",
    files=tuple,
)  # fmt: skip
ROWS_BEYOND = code(
    "parity.rows_beyond",
    "{count:,} of {rows:,} rows differ by more than {beyond:.0e}; the evidence names the first row and "
    "column.",
    count=int, rows=int, beyond=NUMBER,
)  # fmt: skip
FROM_RAW = code(
    "parity.compared_from_raw",
    "Compared: {rows:,} rows in {forms} from the features on; {raw:,} of them from the raw request on: "
    "{features:,} features.",
    rows=int, forms=tuple, raw=int, features=int,
)  # fmt: skip
FROM_REQUEST = code(
    "parity.compared_from_request", "Compared: {rows:,} rows in {forms}, from the request on.",
    rows=int, forms=tuple,
)  # fmt: skip
FROM_FEATURES = code(
    "parity.compared_from_features",
    "Compared: {rows:,} rows in {forms} from the features on; what a request is turned into was not "
    "measured.",
    rows=int, forms=tuple,
)  # fmt: skip


LOOKED_AT_VALUES = code(
    "parity.looked_at_values",
    "The export asked {form} at seen values and a step beside them: {rows:,} rows.",
    form=str, rows=int,
)  # fmt: skip
LOOKED_BESIDE = code(
    "parity.looked_beside",
    "The export asked {form} at {thresholds:,} thresholds of its trees, at seen values and a step beside "
    "them: {rows:,} rows.",
    form=str, thresholds=int, rows=int,
)  # fmt: skip


class Parity(Record, frozen=True, kw_only=True):
    """No row of any form, and no feature of a raw request, is further than `tolerance` from research; none is
    refused."""

    kind: ClassVar[str] = "parity"
    tolerance: float
    required: bool = True
    level: Level = "release"

    @property
    def name(self) -> str:
        """`parity?tolerance=1e-05`."""
        return identity(self.kind, tolerance=self.tolerance)

    @property
    def title(self) -> Text:
        """`training-serving skew at most 1e-05`."""
        return TITLE(tolerance=self.tolerance)

    def needs(self) -> tuple[Need, ...]:
        """Every row asked over HTTP in each form; the tolerance changes nothing of it."""
        return (need("parity"),)

    def judge(self, evidence: tuple[Evidence, ...]) -> Verdict:
        """The verdict on the row that is furthest apart."""
        (found,) = evidence
        bounds = [
            Bound(metric=REFUSED.metric, limit=0),
            Bound(metric=LARGEST.metric, limit=self.tolerance),
        ]
        unserved = _conditions(found, NOT_SERVED, "form")
        live = _conditions(found, LIVE_FILE, "file")
        if unserved or live:
            bounds = [Bound(metric=(LIVE_FILE if live else NOT_SERVED).metric, limit=0)]
        if _value(found, FEATURES):
            bounds.append(Bound(metric=LARGEST_OF_FEATURE.metric, limit=self.tolerance))
        verdict = within_bounds(self, found, bounds)
        figure = verdict.figure
        if verdict.outcome == "does not apply" or figure is None:
            return verdict
        if verdict.outcome != "fail":
            whole = verdict.outcome == "pass" and _value(found, REQUESTED) > 0
            return msgspec.structs.replace(
                verdict,
                outcome=verdict.outcome if whole else "inconclusive",
                reason=sentences(verdict.reason, _comparison_text(found)),
            )
        if live or unserved:
            said = UNSERVED(count=len(unserved), forms=unserved) if not live else READS_LIVE_FILES(files=live)
            return msgspec.structs.replace(verdict, reason=said)
        # Counted at powers of ten: the nearest at or below the tolerance.
        step = 10.0 ** max(-12, min(-1, floor(log10(self.tolerance) + 1e-9)))
        beyond = (*figure.under, *conditions(difference=step))
        count = next((e.value for e in found.figures if (e.metric, e.under) == (BEYOND.metric, beyond)), 0)
        of = ROWS_BEYOND(count=_count(count), rows=figure.rows, beyond=step)
        return msgspec.structs.replace(verdict, reason=sentences(verdict.reason, of, _comparison_text(found)))


def _conditions(found: Evidence, of: Quantity, name: str) -> tuple[str, ...]:
    """The values of this condition, of all figures of this quantity."""
    return tuple(condition_id(each, name) for each in found.figures if each.metric == of.metric)


def _value(found: Evidence, of: Quantity) -> float:
    return next((each.value for each in found.figures if each.metric == of.metric), 0.0)


def _count(value: float) -> int:
    return int(value) if math.isfinite(value) else 0


def _comparison_text(found: Evidence) -> Text:
    """What was compared, and no more than that."""
    rows_of = {
        condition_id(each, "form"): each.rows for each in found.figures if each.metric == LARGEST.metric
    }
    raw, features = rows_of.pop(RAW, None), _value(found, FEATURES)
    forms = tuple(rows_of)
    rows = max(rows_of.values(), default=0)
    if raw is not None:
        said = FROM_RAW(rows=rows, forms=forms, raw=raw, features=_count(features))
    elif _value(found, REQUESTED):
        said = FROM_REQUEST(rows=rows, forms=forms)
    else:
        said = FROM_FEATURES(rows=rows, forms=forms)
    return sentences(said, *_looked_beside(found))


def _looked_beside(found: Evidence) -> list[Text]:
    """Where each form was asked when it was made, beside rows as they come."""
    at = {
        condition_id(each, "form"): _count(each.value)
        for each in found.figures
        if each.metric == THRESHOLDS.metric
    }
    said: list[Text] = []
    for each in found.figures:
        if each.metric != BESIDE.metric:
            continue
        form, rows = str(condition_id(each, "form")), _count(each.value)
        count = at.get(form, 0)
        said.append(
            LOOKED_BESIDE(form=form, thresholds=count, rows=rows)
            if count
            else LOOKED_AT_VALUES(form=form, rows=rows)
        )
    return said


def parity(*, tolerance: float = 1e-4, required: bool = True, level: Level = "release") -> Parity:
    """What will answer requests answers as research did: `parity(tolerance=1e-5)`.

    Every test row is sent over HTTP (Open Inference v2, many rows a request) to a server of the candidate
    in a fresh process, once for each form that may serve (`native`, `lightgbm`, `onnx`), and its answer is
    held beside what research predicted for it. A row's difference is the largest of its probabilities'
    differences; for regression the number's difference over the standard deviation of the numbers. Another
    label counts half the distance of the two largest probabilities, which is what they would have had to
    move. A row that is refused fails whatever the tolerance, and so does a form that the fresh process cannot
    load, or that answers its trial rows otherwise there. All rows are read.

    A compiled tree compares in 32 bits, so about one row in 100,000 falls on the other side of a threshold: a
    row whose answer is what research says of it with one feature a 32-bit step away is no difference, and
    is counted in the evidence. Where more than a hundred rows are apart none is excused.

    The export asks each form also where rows seldom lie: at the thresholds of trees, at seen values and
    between them, and at the next numbers on both sides; a form that answers otherwise there, or whose trees
    are not known to compare as the estimator's do, does not serve. The verdict says where it was asked.

    The default, 1e-4, is ten times what the export allowed each form on a sample of training rows.

    Where features are joined or computed on the way, 2,000 rows chosen by the seed are asked as raw requests
    too: the columns that a request carries, each with the time and what else the model requires of it, 50 of
    them one in a request and the others a hundred together. The server makes their features with the code of
    a release, from the tables that research read, as they stood at each row's time. Their answers are held to
    the same tolerance, and each feature to that of research: numbers by their difference over the feature's
    interquartile range, a word, or a value on one side only, as 1. Where that way cannot be asked the check
    is inconclusive; the verdict says what was compared.

    A file of the project's folder that the version's code reads to answer, or when it is imported, fails
    whatever the tolerance: it is not kept with the version, which is refused it.

    What it does not see: tables of later versions than research read, which a server brings in by itself;
    rows without a time of their own (counted in the evidence); and forms that the export dropped (the
    evidence says why it did). Raises BadProject on a tolerance that is no number from 1e-12 to 1.
    """
    check_choice("parity", "level", level, LEVELS)
    return Parity(
        tolerance=number("parity", "tolerance", tolerance, low=1e-12, high=1), required=required, level=level
    )


MEASUREMENT = MeasurementSpec(
    need="parity",
    run="evidence.parity",
    reads={
        "model": "model",
        "signature": "signature",
        "predictions": "predictions",
        "parity": "parity",
        "trial": "trial",
    },
    optional={"onnx": "onnx", "bundle": "bundle", "code": "code"},
    variadic=("tables",),
    functions=("opened", "served", "raw"),
    context=("way",),
    cost=2,
    section="robustness",
)
