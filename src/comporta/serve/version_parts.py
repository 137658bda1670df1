"""One request's rows, by the versions that answer them, and put together again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from comporta.errors import BadRequest
from comporta.records import Observation, canonical, encode
from comporta.serve.live_version import LiveVersion, PredictedRows
from comporta.serve.request_rows import NOBODY, RequestRows, RowMetadata, value_of_row
from comporta.serve.serving_state import ServedModel
from comporta.serve.version_source import ObservationJson


class VersionPart(msgspec.Struct, gc=False):
    """Rows that one version answers. places: which rows of the request; None: all, in order.

    release, arm: as in `Observation`.
    """

    live: LiveVersion
    incoming: RequestRows
    places: list[int] | None = None
    answer: PredictedRows | None = None
    release: int | None = None
    arm: str | None = None


def split_by_version(
    served: ServedModel,
    key: bytes,
    pinned: LiveVersion | None,
    incoming: RequestRows,
    reader: LiveVersion,
    first: str,
) -> list[VersionPart]:
    """The parts of a request, read by the columns of `reader`. first: the unit of rows that name none."""
    if pinned is not None:
        return [VersionPart(pinned, incoming)]
    if len(served.shares) == 1:
        return [VersionPart(served.champion, incoming, None, None, served.release, served.arm)]
    units = incoming.about.unit
    if units is None or isinstance(units, str):
        return [_read_by(_part_of_release(served, served.live(key, units or first), incoming), reader)]
    places: dict[int, list[int]] = {}
    for row, unit in enumerate(units):
        places.setdefault(served.live(key, unit or first).loaded.number, []).append(row)
    if len(places) == 1:
        return [_read_by(_part_of_release(served, served.versions[next(iter(places))], incoming), reader)]
    return [
        _read_by(_part_of_release(served, served.versions[number], _take(incoming, rows), rows), reader)
        for number, rows in sorted(places.items())
    ]


def _part_of_release(
    served: ServedModel, live: LiveVersion, incoming: RequestRows, places: list[int] | None = None
) -> VersionPart:
    """A part that a release sent there."""
    return VersionPart(live, incoming, places, None, served.release, served.arms.get(live.loaded.number))


def join_outputs(parts: list[VersionPart]) -> tuple[list[Any] | None, list[Any] | None]:
    """Labels and probabilities in the order of the request's rows."""
    answers = [part.answer for part in parts if part.answer is not None]
    if len(parts) == 1:
        return answers[0].label, answers[0].probability
    places = [row for part in parts for row in part.places or ()]
    return _in_row_order(places, [answer.label for answer in answers]), _in_row_order(
        places, [answer.probability for answer in answers]
    )


def _in_row_order(places: list[int], values: list[list[Any] | None]) -> list[Any] | None:
    """What several parts said, one after another, in the order of their rows."""
    if any(each is None for each in values):
        return None
    flat = [value for each in values for value in each or ()]
    if len({len(value) if isinstance(value, list) else 0 for value in flat}) > 1:
        raise BadRequest(
            "units: these rows are answered by versions with different classes. Send a request for each unit."
        )
    found: list[Any] = [None] * len(places)
    for row, value in zip(places, flat, strict=True):
        found[row] = value
    return found


def versions_by_row(parts: list[VersionPart], n: int) -> list[int]:
    """The version that answered each row."""
    if len(parts) == 1:
        return [parts[0].live.loaded.number] * n
    found = [0] * n
    for part in parts:
        for row in part.places or ():
            found[row] = part.live.loaded.number
    return found


def rows_by_version(parts: list[VersionPart]) -> Sequence[tuple[int, int]]:
    """How many rows which version answered."""
    if len(parts) == 1:
        live, n = parts[0].live, parts[0].incoming.n
        return live.one if n == 1 else ((live.loaded.number, n),)
    return [(part.live.loaded.number, part.incoming.n) for part in parts]


def encode_observations(
    parts: list[VersionPart], ids: Sequence[str], about: RowMetadata, nanoseconds: int, took: int
) -> list[ObservationJson]:
    """What is kept of a request: one observation a row. took: nanoseconds that its models took."""
    at = datetime.fromtimestamp(nanoseconds / 1e9, UTC)
    made = []
    for part in parts:
        live, answer = part.live, part.answer
        assert answer is not None
        form = live.loaded.form
        label, chances, joined = answer.label, answer.probability, answer.joined
        places = part.places if part.places is not None else range(answer.rows.n)
        for i, inputs in enumerate(live.schema.records(answer.rows)):
            row = places[i]
            output: dict[str, Any] = {}
            if label is not None:
                output[live.label_name] = label[i]
            if chances is not None:
                output["probability"] = chances[i]
            values = about if about is NOBODY else _nth(about, row)
            observation = Observation(
                id=ids[row],
                model=live.loaded.model,
                version=live.loaded.number,
                at=values.at or at,  # type: ignore[arg-type]
                inputs=inputs,
                output=output,
                joined=() if joined is None else joined[i],
                key=values.key,  # type: ignore[arg-type]
                subject=None if values.subject is None else canonical(values.subject, form),  # type: ignore[arg-type]
                unit=values.unit,  # type: ignore[arg-type]
                release=part.release,
                arm=part.arm,
                latency_us=took // 1000,
            )
            # At once, one by one: a batch of records first and of lines then goes through all memory twice.
            made.append(ObservationJson(encode(observation)))
    return made


def _nth(about: RowMetadata, row: int) -> RowMetadata:
    """What is said of one row."""
    return RowMetadata(
        value_of_row(about.key, row),
        value_of_row(about.subject, row),
        value_of_row(about.unit, row),
        value_of_row(about.at, row),
    )


def _read_by(part: VersionPart, reader: LiveVersion) -> VersionPart:
    """An array has its columns in the reader's order: for another schema it goes by name."""
    names = reader.schema.names
    array = part.incoming.array
    if array is not None and part.live.schema.names != names:
        columns = {
            name: [None if value != value else value for value in array[:, i].tolist()]
            for i, name in enumerate(names)
        }
        part.incoming = RequestRows(part.incoming.n, None, columns, part.incoming.about)
    return part


def _pick_rows(values: Sequence[Any] | NDArray[Any], rows: list[int]) -> list[Any] | NDArray[Any]:
    return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]


def _take(incoming: RequestRows, rows: list[int]) -> RequestRows:
    def some(values: Any) -> Any:
        return [values[row] for row in rows] if isinstance(values, list) else values

    about = incoming.about
    return RequestRows(
        len(rows),
        None if incoming.array is None else incoming.array[rows],
        None
        if incoming.columns is None
        else {name: _pick_rows(values, rows) for name, values in incoming.columns.items()},
        RowMetadata(some(about.key), some(about.subject), some(about.unit), some(about.at)),
    )
