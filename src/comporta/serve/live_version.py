"""A version made ready to take traffic: checked, warmed and asked before the first request comes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from math import inf, isfinite
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from comporta.errors import BadProject, BadRequest, ComportaError, Refused, live_file_read
from comporta.records import JoinedRow
from comporta.records.columns import AT
from comporta.serve.bad_row import BadRow
from comporta.serve.columns import first_names
from comporta.serve.recent_predictions import RecentPrediction
from comporta.serve.request_rows import RequestRows, RowMetadata, value_of_row
from comporta.serve.response_heads import response_heads
from comporta.serve.schema import CheckedRows, RequestSchema
from comporta.serve.version_source import Fast, LoadedVersion, ModelScores, Row, RowScores

UNSEEN = "\N{REPLACEMENT CHARACTER} never seen"
_TURN = 0.0002  # seconds
LONG = 0.002
"""A call above this many seconds leaves the event loop, so that others and the health checks go on."""
_WARM = 3
# Rows, about: few enough for a busy machine to let them be answered in one go, else each looks slow.
_MANY = 128


class PredictedRows(msgspec.Struct, gc=False):
    """What a version says of n rows, ready to be written and logged.

    label: JSON values [n]. probability: [n] of a binary model, else [n][classes].
    """

    rows: CheckedRows
    label: list[Any] | None
    probability: list[Any] | None
    joined: Sequence[tuple[JoinedRow, ...]] | None


class LiveVersion:
    """One version that answers."""

    __slots__ = (
        "_binary",
        "_fixed",
        "_label",
        "_needed",
        "_per_row",
        "_probability",
        "_row",
        "answers_single_rows",
        "heads",
        "label_name",
        "loaded",
        "one",
        "recent",
        "schema",
    )

    def __init__(self, loaded: LoadedVersion) -> None:
        """Raises BadProject when a raw column is of a type that cannot be served."""
        self.loaded = loaded
        # Set at `ready`: whether `score_row` is all that there is to a row of its numbers.
        self.answers_single_rows = False
        # What most requests are: one row that this version answers.
        self.one = ((loaded.number, 1),)
        # One for all answers: there would be a hundred thousand equal ones.
        self.recent = RecentPrediction(loaded.model, loaded.signature)
        signature = loaded.signature
        self.schema = RequestSchema(signature)
        if loaded.log_without:
            self.schema.log_without(loaded.log_without)
        self._binary = signature.task == "binary"
        regression = signature.task == "regression"
        self.label_name = "prediction" if regression else "label"
        self._label = regression or signature.output in ("label", "both")
        self._probability = not regression and signature.output in ("probability", "both")
        self.heads = response_heads(loaded.model, loaded.number, signature, self.label_name)
        self._fixed = self._per_row = 0.0
        self._row = loaded.row or (None if loaded.fast is None else row_of(loaded.fast, self._binary))
        answerable = {field.name: field.nullable for field in signature.features}
        self._needed = [name for name, nullable in answerable.items() if not nullable]
        if loaded.features is None:
            self.schema.require(self._needed)

    @property
    def name(self) -> str:
        return f"{self.loaded.model}/{self.loaded.number}"

    def seconds(self, n: int) -> float:
        """About how long n rows take, as measured when it was warmed; `inf` where another process answers."""
        return self._fixed + n * self._per_row

    def answer(self, incoming: RequestRows, now: int) -> PredictedRows:
        """The answer to these rows. now: nanoseconds since 1970, the time of rows that name none.

        Raises BadRequest; and whatever else the model raises, which is its fault.
        """
        loaded, schema = self.loaded, self.schema
        if loaded.requires:
            self._require(incoming)
        if incoming.single is not None and self._row is not None:
            packed = schema.pack_row(incoming.single)
            scores = None if packed is None else self.score_row(packed)
            if scores is not None:
                label, probability = (None if each is None else [each] for each in scores)
                return PredictedRows(CheckedRows(1, packed=packed), label, probability, None)
        array = incoming.numbers()
        if array is not None:
            schema.check_array(array)
            rows = CheckedRows(incoming.n, array)
        else:
            assert incoming.columns is not None
            rows = schema.check_columns(incoming.columns, incoming.n)
        if schema.expected:
            schema.require_expected(rows)
        if loaded.fast is not None and schema.numeric:
            return self._predicted_rows(rows, loaded.fast(schema.array(rows)), None)
        frame = schema.frame(rows)
        joined: Sequence[tuple[JoinedRow, ...]] | None = None
        if loaded.features is not None:
            frame, joined = loaded.features(frame, self._times(incoming, frame, now))
            self._require_whole(frame)
        return self._predicted_rows(rows, loaded.predict(frame), joined)

    def score_row(self, packed: bytes) -> RowScores | None:
        """What the model says of one row of good numbers, as `RequestSchema.pack_row` has it; None where a
        number is not finite: `answer` says so."""
        assert self._row is not None
        label, probability = self._row(packed)
        if not self._label:
            label = None
        elif type(label) is float and not isfinite(label):
            return None
        if not self._probability:
            return label, None
        total = sum(probability) if type(probability) is list else probability
        return (label, probability) if isfinite(total) else None

    def ready(self, now: int, say: Callable[[str], None]) -> None:
        """Tested, warmed and measured; what was noticed is said. Raises Refused when it answers wrongly."""
        probe = self.loaded.probe
        if self.loaded.test is not None:
            self.loaded.test()
        first = self._rows_of(probe) if probe is not None and probe.height else self._blank()
        try:
            times = max(2, _MANY // first.n)
            one, many = (self._time(rows, now) for rows in (first, repeat_rows(first, times)))
        # A boundary: the project's and the model's own code runs here, and may raise anything.
        except Exception as error:
            # Whatever the rows, it would read that file for those of requests too.
            if (read := live_file_read(error)) is not None:
                raise read from None
            if probe is not None:
                raise Refused(
                    f"{self.name}: it could not answer its probe rows ({type(error).__name__}: {error}). "
                    "It takes no traffic; the versions before it go on."
                ) from error
            # Made-up rows may be senseless to it: that is no reason to keep it from its traffic.
            say(
                f"{self.name}: not warmed up, as a made-up row has no answer ({type(error).__name__}); the "
                "first requests may be slower."
            )
        else:
            self._per_row = max(0.0, (many - one) / (times - 1) / first.n)
            self._fixed = max(0.0, one - self._per_row * first.n)
            self.schema.strict = frozenset(self._closed_columns(first, now))
            if self.loaded.fast is not None and self.schema.numeric:
                self._same_both_ways(first)
        if self.loaded.apart:
            self._fixed = inf
        self.answers_single_rows = self._row is not None and self._needs_numbers_alone()
        # Last: rows that are made up are no breach of what is declared.
        self.schema.expect(self.loaded.expects)

    def _needs_numbers_alone(self) -> bool:
        """Whether one row is answered at once, told as it is and logged, whatever it says beside its unit."""
        loaded = self.loaded
        usual = loaded.requires in ((), ("unit",)) and loaded.decimals is None and loaded.log_sample >= 1.0
        return usual and self.schema.numeric and self.seconds(1) <= LONG

    def _time(self, rows: RequestRows, now: int) -> float:
        """Seconds of one call, the best of a few: the first ones also warm what is lazy."""
        took = []
        for _ in range(_WARM):
            started = time.perf_counter()
            self.answer(rows, now)
            took.append(time.perf_counter() - started)
        return min(took)

    def _closed_columns(self, first: RequestRows, now: int) -> list[str]:
        """Columns for whose unseen values the model raises: there they are refused at the door."""
        closed = []
        for column in self.schema.columns:
            if not column.values or column.kind != "text":
                continue
            assert first.columns is not None
            columns = {**first.columns, column.name: [UNSEEN] * first.n}
            try:
                self.answer(RequestRows(first.n, None, columns, first.about), now)
            # A boundary: see above.
            except Exception:
                closed.append(column.name)
        return closed

    def _same_both_ways(self, first: RequestRows) -> None:
        """The fast way and the way by names must say the same. Raises Refused."""
        assert self.loaded.fast is not None
        rows = self.schema.check_columns(first.columns or {}, first.n)
        array = self.schema.array(rows)
        fast = self.loaded.fast(array)
        named = self.loaded.predict(self.schema.frame(rows))
        for one, other in zip(fast, named, strict=True):
            if one is None or other is None:
                continue
            numbers = one.dtype.kind == "f"
            same = np.allclose(one, other, rtol=1e-4, atol=1e-5) if numbers else np.array_equal(one, other)
            if not same:
                raise Refused(f"{self.name}: its fast way and its way by names differ on its probe rows.")
        if self.loaded.row is not None:
            alone = row_of(self.loaded.fast, self._binary)
            if any(self.loaded.row(each.tobytes()) != alone(each.tobytes()) for each in array):
                raise Refused(f"{self.name}: its way of one row and its fast way differ on its probe rows.")

    def _predicted_rows(
        self, rows: CheckedRows, scored: ModelScores, joined: Sequence[tuple[JoinedRow, ...]] | None
    ) -> PredictedRows:
        label: list[Any] | None = None
        probability: list[Any] | None = None
        # A sum is not finite when any part is not: the usual case costs one pass.
        if self._probability:
            chances = scored.probability
            assert chances is not None
            if self._binary:
                probability = chances[:, 1].tolist()
                total = sum(probability)
            else:
                probability = chances.tolist()
                total = np.add.reduce(chances, None)
            if not isfinite(total):
                _require_finite("probability", chances)
        if self._label:
            numbers = scored.label
            assert numbers is not None
            label = numbers.tolist()
            if numbers.dtype.kind == "f" and not isfinite(sum(label)):
                _require_finite(self.label_name, numbers)
        return PredictedRows(rows, label, probability, joined)

    def _require_whole(self, features: pl.DataFrame) -> None:
        """Nothing where the model can answer; what it was never taught to do without is named."""
        lost = [name for name in self._needed if features[name].null_count()]
        if lost:
            raise BadRequest(
                f"features: found none for {first_names(lost)} in some row, and this model answers none "
                "without. History has nothing for it at that time, or a value sent leads to none."
            )

    def _require(self, incoming: RequestRows) -> None:
        for name in self.loaded.requires:
            value = getattr(incoming.about, name)
            if value is None or (isinstance(value, list) and any(each is None for each in value)):
                raise BadRequest(
                    f"found no {name!r}, which this model asks of every row. Send it among the request's "
                    f"parameters, or a row each in the column '__{name}'."
                )

    def _times(self, incoming: RequestRows, frame: pl.DataFrame, now: int) -> pl.Series:
        """The UTC time of each row: as the request names it, else by its own column, else now."""
        given, named = incoming.about.at, self.loaded.time
        moment = datetime.fromtimestamp(now / 1e9, UTC)
        if given is None and named is not None and named in frame.columns:
            return utc_times(frame[named], moment)
        times = [value_of_row(given, row) or moment for row in range(incoming.n)]
        return pl.Series(AT, times, dtype=pl.Datetime("us", "UTC"))

    def _rows_of(self, probe: pl.DataFrame) -> RequestRows:
        columns = {
            column.name: [
                value.isoformat() if isinstance(value, date) else value
                for value in probe[column.name].to_list()
            ]
            for column in self.schema.columns
        }
        return RequestRows(probe.height, None, columns, _ANYONE)

    def _blank(self) -> RequestRows:
        """One made-up row."""
        moment = datetime(2000, 1, 1, tzinfo=UTC)
        blank: dict[str, Any] = {"int": 0, "float": 0.0, "bool": False, "text": "", "date": "2000-01-01"}
        columns: dict[str, list[Any]] = {}
        for column in self.schema.columns:
            value = blank.get(column.kind)
            if column.values:
                value = min(column.values)
            elif column.kind == "datetime":
                value = (moment if column.zone else moment.replace(tzinfo=None)).isoformat()
            columns[column.name] = [value]
        return RequestRows(1, None, columns, _ANYONE)


def row_of(fast: Fast, binary: bool) -> Row:
    """Of a version that has no call of its own for one row."""

    def ask(packed: bytes) -> tuple[Any, Any]:
        label, probability = fast(np.frombuffer(packed).reshape(1, -1))
        chances = None if probability is None else probability.tolist()[0]
        return None if label is None else label.tolist()[0], chances[1] if binary and chances else chances

    return ask


def live_version(
    load: Callable[[], LoadedVersion], name: str, now: int, say: Callable[[str], None]
) -> LiveVersion:
    """What this loads, ready for traffic. name: of the version. now: nanoseconds since 1970. Raises
    ComportaError where it can take none."""
    with short_turns():
        try:
            live = LiveVersion(load())
        except ComportaError:
            raise
        # A boundary: a project's own code is loaded here, and may raise anything.
        except Exception as error:
            raise BadProject(f"{name}: it could not be loaded ({type(error).__name__}: {error}).") from error
        live.ready(now, say)
    return live


@contextmanager
def short_turns() -> Iterator[None]:
    """Meanwhile a thread that computes hands the interpreter on this soon to one that waits: a request waits
    for it several times, and what is loaded beside it computes for tens of milliseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _TURN))
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _require_finite(output: str, numbers: NDArray[Any]) -> None:
    """numbers: [n] or [n, classes]. Raises BadRequest that names the rows, so that the rest can be sent."""
    finite = np.isfinite(numbers)
    rows = np.nonzero(~(finite if finite.ndim == 1 else finite.all(axis=1)))[0].tolist()
    if rows:
        raise BadRow(
            output,
            rows,
            "the model gives no finite number. Look for values far outside of what it was trained on, or "
            "missing ones; send the other rows without these.",
        )


def utc_times(column: pl.Series, otherwise: datetime) -> pl.Series:
    """The times of a column in UTC, those without a zone taken as such. otherwise: for rows without one."""
    zone = getattr(column.dtype, "time_zone", None)
    times = column.cast(pl.Datetime("us", zone))
    times = times.dt.convert_time_zone("UTC") if zone else times.dt.replace_time_zone("UTC")
    return times.fill_null(otherwise).alias(AT)


def repeat_rows(incoming: RequestRows, times: int) -> RequestRows:
    """The same rows, several times over."""
    columns = {name: list(values) * times for name, values in (incoming.columns or {}).items()}
    return RequestRows(incoming.n * times, None, columns, incoming.about)


_ANYONE = RowMetadata(key="probe", subject="probe", unit="probe")
