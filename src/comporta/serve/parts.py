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
from comporta.serve.asked import NOBODY, About, RequestRows, nth
from comporta.serve.live import Answer, Live
from comporta.serve.serving import Door
from comporta.serve.source import Line


class Part(msgspec.Struct, gc=False):
    """Rows that one version answers. places: which rows of the request; None: all, in order.

    release, arm: as in `Observation`.
    """

    live: Live
    asked: RequestRows
    places: list[int] | None = None
    answer: Answer | None = None
    release: int | None = None
    arm: str | None = None


def divide(
    door: Door, key: bytes, pinned: Live | None, asked: RequestRows, reader: Live, first: str
) -> list[Part]:
    """The parts of a request, read by the columns of `reader`. first: the unit of rows that name none."""
    if pinned is not None:
        return [Part(pinned, asked)]
    if len(door.shares) == 1:
        return [Part(door.champion, asked, None, None, door.release, door.arm)]
    units = asked.about.unit
    if units is None or isinstance(units, str):
        return [_read_by(_routed(door, door.live(key, units or first), asked), reader)]
    places: dict[int, list[int]] = {}
    for row, unit in enumerate(units):
        places.setdefault(door.live(key, unit or first).loaded.number, []).append(row)
    if len(places) == 1:
        return [_read_by(_routed(door, door.versions[next(iter(places))], asked), reader)]
    return [
        _read_by(_routed(door, door.versions[number], _take(asked, rows), rows), reader)
        for number, rows in sorted(places.items())
    ]


def _routed(door: Door, live: Live, asked: RequestRows, places: list[int] | None = None) -> Part:
    """A part that a release sent there."""
    return Part(live, asked, places, None, door.release, door.arms.get(live.loaded.number))


def together(parts: list[Part]) -> tuple[list[Any] | None, list[Any] | None]:
    """Labels and probabilities in the order of the request's rows."""
    answers = [part.answer for part in parts if part.answer is not None]
    if len(parts) == 1:
        return answers[0].label, answers[0].probability
    places = [row for part in parts for row in part.places or ()]
    return _ordered(places, [answer.label for answer in answers]), _ordered(
        places, [answer.probability for answer in answers]
    )


def _ordered(places: list[int], said: list[list[Any] | None]) -> list[Any] | None:
    """What several parts said, one after another, in the order of their rows."""
    if any(each is None for each in said):
        return None
    flat = [value for each in said for value in each or ()]
    if len({len(value) if isinstance(value, list) else 0 for value in flat}) > 1:
        raise BadRequest(
            "units: these rows are answered by versions with different classes. Send a request for each unit."
        )
    found: list[Any] = [None] * len(places)
    for row, value in zip(places, flat, strict=True):
        found[row] = value
    return found


def versions(parts: list[Part], n: int) -> list[int]:
    """The version that answered each row."""
    if len(parts) == 1:
        return [parts[0].live.loaded.number] * n
    found = [0] * n
    for part in parts:
        for row in part.places or ():
            found[row] = part.live.loaded.number
    return found


def answered(parts: list[Part]) -> Sequence[tuple[int, int]]:
    """How many rows which version answered."""
    if len(parts) == 1:
        live, n = parts[0].live, parts[0].asked.n
        return live.one if n == 1 else ((live.loaded.number, n),)
    return [(part.live.loaded.number, part.asked.n) for part in parts]


def observations(
    parts: list[Part], ids: Sequence[str], about: About, nanoseconds: int, took: int
) -> list[Line]:
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
            said = about if about is NOBODY else _nth(about, row)
            observation = Observation(
                id=ids[row],
                model=live.loaded.model,
                version=live.loaded.number,
                at=said.at or at,  # type: ignore[arg-type]
                inputs=inputs,
                output=output,
                joined=() if joined is None else joined[i],
                key=said.key,  # type: ignore[arg-type]
                subject=None if said.subject is None else canonical(said.subject, form),  # type: ignore[arg-type]
                unit=said.unit,  # type: ignore[arg-type]
                release=part.release,
                arm=part.arm,
                latency_us=took // 1000,
            )
            # At once, one by one: a batch of records first and of lines then goes through all memory twice.
            made.append(Line(encode(observation)))
    return made


def _nth(about: About, row: int) -> About:
    """What is said of one row."""
    return About(nth(about.key, row), nth(about.subject, row), nth(about.unit, row), nth(about.at, row))


def _read_by(part: Part, reader: Live) -> Part:
    """An array has its columns in the reader's order: for another schema it goes by name."""
    names = reader.schema.names
    array = part.asked.array
    if array is not None and part.live.schema.names != names:
        columns = {
            name: [None if value != value else value for value in array[:, i].tolist()]
            for i, name in enumerate(names)
        }
        part.asked = RequestRows(part.asked.n, None, columns, part.asked.about)
    return part


def _picked(values: Sequence[Any] | NDArray[Any], rows: list[int]) -> list[Any] | NDArray[Any]:
    return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]


def _take(asked: RequestRows, rows: list[int]) -> RequestRows:
    def some(said: Any) -> Any:
        return [said[row] for row in rows] if isinstance(said, list) else said

    about = asked.about
    return RequestRows(
        len(rows),
        None if asked.array is None else asked.array[rows],
        None
        if asked.columns is None
        else {name: _picked(values, rows) for name, values in asked.columns.items()},
        About(some(about.key), some(about.subject), some(about.unit), some(about.at)),
    )
