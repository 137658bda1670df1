"""Which answers are kept where a model keeps a share of them: decided by the prediction's id, so that
everybody who has the id decides alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from comporta.serve.live_version import PredictedRows
from comporta.serve.schema import CheckedRows
from comporta.serve.version_parts import VersionPart, pick_rows, take_rows

_DIGITS = 8


def sample_place(id: str) -> float:
    """Where in [0, 1) an id lies: an answer is kept where that is below its model's share. It is the last 32
    of the id's bits, which are random, over 2^32."""
    return float(int(id[-_DIGITS:], 16) / 16**_DIGITS)


def sampled_parts(
    parts: Sequence[VersionPart], ids: Sequence[str], unsampled: Counter[tuple[str, int]]
) -> list[VersionPart]:
    """The parts with the rows that are kept. ids: of the request's rows. unsampled: where the others are
    counted, by model and version."""
    found = []
    for part in parts:
        loaded = part.live.loaded
        places = range(part.incoming.n) if part.places is None else part.places
        kept = [row for row, place in enumerate(places) if sample_place(ids[place]) < loaded.log_sample]
        if len(kept) < len(places):
            unsampled[loaded.model, loaded.number] += len(places) - len(kept)
            part = _take(part, kept, [places[row] for row in kept])
        if kept:
            found.append(part)
    return found


def _take(part: VersionPart, rows: list[int], places: list[int]) -> VersionPart:
    """A part with these of its rows. places: where they are in the request."""
    answer = part.answer
    assert answer is not None
    checked = answer.rows
    some = CheckedRows(
        len(rows),
        None if checked.array is None else checked.array[rows],
        None
        if checked.columns is None
        else {name: pick_rows(values, rows) for name, values in checked.columns.items()},
    )
    given = (answer.label, answer.probability, answer.joined)
    label, probability, joined = (_values(each, rows) for each in given)
    return msgspec.structs.replace(
        part,
        incoming=take_rows(part.incoming, rows),
        places=places,
        answer=PredictedRows(some, label, probability, joined),
    )


def _values(values: Sequence[Any] | None, rows: list[int]) -> list[Any] | None:
    return None if values is None else [values[row] for row in rows]
