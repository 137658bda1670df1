"""What a server answers of rows, beside what research predicted of them.

A row's difference is the largest of its probabilities' differences, or of its number over the numbers'
standard deviation. Another label counts for as much as the probabilities would have had to move for it: half
the distance of the two largest; where there are no probabilities, and where no answer came, it counts 1.

A compiled tree compares in 32 bits, so about one row in 100,000 falls on the other side of a threshold. Such
a row counts as far as it is from what research says of it with one feature a 32-bit step away: a difference
that rounding does not explain stays what it is.
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import polars as pl
from msgspec import UNSET

from comporta.checks.shared.measuring.v2_requests import as_bytes, read_response, rows_in_one
from comporta.records import Field, FittedModel, ModelOutput, Signature
from comporta.records.columns import CHANCE, LABEL, NUMBER
from comporta.records.named_column import exact_column
from comporta.stats.classes import places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HALVINGS, LOOKED_AT, STEP, SMALL = 400, 100, 2.0**-22, 1e-5
Ask = Callable[[bytes, int], tuple[int, bytes, int | None]]
Written = Callable[[int, int], tuple[bytes, int]]


class Research(NamedTuple):
    """What research predicted of n rows. names: of the columns of `scores`, (n, k). decisions: (n,) places
    among the classes, or none for numbers. margin: (n,) half the distance of the two largest."""

    names: tuple[str, ...]
    scores: Floats
    decisions: NDArray[np.int64] | None
    margin: Floats


class Gaps(NamedTuple):
    """By how much each row's answer is apart, the output where it is, and whether there was none. rounded:
    rows that rounding explains."""

    by: Floats
    output: NDArray[np.object_]
    refused: NDArray[np.bool_]
    rounded: int = 0


def research_of(predictions: pl.DataFrame, takes: Signature) -> Research:
    """What the step `predict` kept."""
    if takes.task == "regression":
        numbers = predictions[NUMBER].to_numpy().astype(np.float64)
        return Research(("prediction",), numbers[:, None], None, np.ones(len(numbers)))
    labels = predictions[LABEL].to_physical().cast(pl.Int64).to_numpy()
    chances = [name for name in predictions.columns if name.startswith(CHANCE)]
    if not chances:
        return Research((), np.empty((len(labels), 0)), labels, np.ones(len(labels)))
    return _with_margin(predictions.select(chances).to_numpy().astype(np.float64), labels, takes)


def explain_by_rounding(
    found: Gaps,
    takes: Signature,
    research: Research,
    rows: pl.DataFrame,
    ask: Ask,
    asked: Callable[[], FittedModel],
) -> Gaps:
    """The same, with rows that rounding explains no further apart than they are from it. Where more than a
    hundred rows are apart it is no rounding. asked: opens the model, where that is needed."""
    apart_by = np.flatnonzero((found.by > SMALL) & ~found.refused)
    if not 0 < len(apart_by) <= LOOKED_AT:
        return found
    some = rows[apart_by]
    status, answer, size = ask(*as_bytes(some, takes.features))
    if status != 200:
        return found
    outputs, scale = read_response(answer, size).outputs, scale_of(takes, research)
    ways = [some, *_step_up_and_down(some, takes)]
    said = asked()(pl.concat(ways))
    nearest = found.by[apart_by].copy()
    for place in range(len(ways)):
        part = slice(place * some.height, (place + 1) * some.height)
        one = _of_said(ModelOutput(said.scores[part], said.decisions[part]), takes)
        if place == 0:  # what the model says of the row itself must be what research kept of it
            kept = np.abs(one.scores - research.scores[apart_by]).max(axis=1, initial=0.0) <= 1e-9 * scale
            if one.decisions is not None and research.decisions is not None:
                kept &= one.decisions == research.decisions[apart_by]
            continue
        nearest = np.where(kept, np.minimum(nearest, apart(takes, one, outputs, scale)[0]), nearest)
    by = found.by.copy()
    by[apart_by] = nearest
    return found._replace(by=by, rounded=int((nearest <= SMALL).sum()))


def _step_up_and_down(rows: pl.DataFrame, takes: Signature) -> list[pl.DataFrame]:
    """The rows with all numbers as 32-bit floats, and with each one step up and down."""
    floats = [each.name for each in takes.features if rows[each.name].dtype == pl.Float64]
    ways = [rows.with_columns(exact_column(name).cast(pl.Float32).cast(pl.Float64) for name in floats)]
    ways += [rows.with_columns(exact_column(name) * (1 + step)) for name in floats for step in (-STEP, STEP)]
    return ways


def _of_said(said: ModelOutput, takes: Signature) -> Research:
    if takes.task == "regression":
        return Research(("prediction",), said.scores, None, np.ones(len(said.scores)))
    decisions = np.asarray(said.decisions).astype(np.int64)
    if takes.output == "label":
        return Research((), np.empty((len(decisions), 0)), decisions, np.ones(len(decisions)))
    return _with_margin(said.scores, decisions, takes)


def _with_margin(scores: Floats, decisions: NDArray[np.int64], takes: Signature) -> Research:
    top = np.partition(scores, -2, axis=1)[:, -2:] if scores.shape[1] > 1 else np.ones((len(scores), 2))
    margin = np.maximum((top[:, 1] - top[:, 0]) / 2, 0.0)
    if takes.threshold is not UNSET:
        margin = np.abs(scores[:, 1] - takes.threshold)
    return Research(tuple(f"probability of {each}" for each in takes.classes), scores, decisions, margin)


def asking(url: str, form: str) -> Ask:
    """A binary request's status, body, and the size of its JSON, on a connection that stays."""
    where = urlsplit(url)
    line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)

    def ask(body: bytes, head: int) -> tuple[int, bytes, int | None]:
        headers = {"Inference-Header-Content-Length": str(head)}
        headers["Content-Type"] = "application/octet-stream"
        line.request("POST", f"/v2/models/{form}/infer", body, headers)
        answer = line.getresponse()
        size = answer.headers.get("inference-header-content-length")
        return answer.status, answer.read(), None if size is None else int(size)

    return ask


def gaps(
    takes: Signature,
    research: Research,
    rows: pl.DataFrame,
    ask: Ask,
    written: Written | None = None,
    *,
    fields: Sequence[Field] | None = None,
    sizes: Iterable[tuple[int, int]] | None = None,
    scale: float | None = None,
) -> Gaps:
    """Every row asked, many in one request. written: rows from, to → their request, where it is kept.
    fields: the columns that are sent; None: the features. sizes: from, to of each request. scale: of a
    regression's differences; None: that of these rows.

    A request that is refused is halved until it is known which rows are to blame; after 400 halvings all of
    what is refused is. Those that are answered are in the order of the rows.
    """
    found = Gaps(np.ones(rows.height), np.full(rows.height, "no answer", object), np.ones(rows.height, bool))
    scale = scale_of(takes, research) if scale is None else scale
    sent = takes.features if fields is None else fields
    left = list(pieces(rows.height, rows_in_one(takes)) if sizes is None else sizes)[::-1]
    halved = 0
    while left:
        start, stop = left.pop()
        request = as_bytes(rows[start:stop], sent) if written is None else written(start, stop)
        status, answer, size = ask(*request)
        if status != 200:
            if stop - start > 1 and halved < HALVINGS:
                halved += 1
                middle = (start + stop) // 2
                left += [(middle, stop), (start, middle)]
            continue
        part = pick(research, slice(start, stop))
        by, output = apart(takes, part, read_response(answer, size).outputs, scale)
        found.by[start:stop], found.output[start:stop], found.refused[start:stop] = by, output, False
    return found


def pick(research: Research, rows: slice | NDArray[np.int64]) -> Research:
    """What research said of some of the rows."""
    names, *each = research
    return Research(names, *(None if one is None else one[rows] for one in each))  # type: ignore[arg-type]


def scale_of(takes: Signature, research: Research) -> float:
    """What a number's difference is measured in: 1 for probabilities."""
    if takes.task != "regression":
        return 1.0
    return max(float(np.std(research.scores)), 1e-300)


def pieces(rows: int, size: int) -> Iterator[tuple[int, int]]:
    """From, to of each request."""
    return ((start, min(start + size, rows)) for start in range(0, rows, size))


def apart(
    takes: Signature, research: Research, outputs: Mapping[str, Any], scale: float
) -> tuple[Floats, NDArray[np.object_]]:
    """Each row's difference and the output where it is largest. An output that is not there, or of another
    length, is a difference of 1 in every row."""
    n = len(research.margin)
    by, where = np.zeros(n), np.full(n, "", object)
    if research.names:
        name = "prediction" if takes.task == "regression" else "probability"
        said = np.asarray(outputs.get(name, ()), dtype=np.float64)
        if takes.task == "binary" and len(said) == n:
            said = np.column_stack([1 - said, said])
        if said.size != research.scores.size:
            return np.ones(n), np.full(n, name, object)
        gap = np.abs(said.reshape(research.scores.shape) - research.scores) / scale
        gap = np.nan_to_num(gap, nan=1.0, posinf=1.0)
        place = gap.argmax(axis=1)
        by, where = gap[np.arange(n), place], np.array(research.names, object)[place]
    if research.decisions is not None and takes.output in ("label", "both"):
        labels = outputs.get("label", ())
        if len(labels) != n:
            return np.ones(n), np.full(n, "label", object)
        other = places(pl.Series(labels), takes.classes) != research.decisions
        worse = other & (research.margin > by)
        by, where = np.where(worse, research.margin, by), np.where(worse, "label", where)
    return by, where
