"""One request's rows, by the versions that answer them, and put together again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from comporta.errors import BadRequest
from comporta.http.token_gate import Bearer
from comporta.records import Form, canonical, encode
from comporta.records.observed_rows import ObservedRows, encode_block, microseconds
from comporta.serve.live_version import LiveVersion, PredictedRows
from comporta.serve.recorder import RowsByAnswerer
from comporta.serve.request_rows import NOBODY, RequestRows, RowMetadata
from comporta.serve.serving_state import ServedArm, ServedModel
from comporta.serve.version_source import ObservationBlock


class VersionPart(msgspec.Struct, gc=False):
    """Rows of one arm, which one version answers. places: which rows of the request; None: all, in order.

    arm: where a release sent them; None: the request named its version.
    """

    live: LiveVersion
    incoming: RequestRows
    places: list[int] | None = None
    answer: PredictedRows | None = None
    arm: ServedArm | None = None


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
    if len(served.arms) == 1:
        return [_part_of(served.arms[0], incoming)]
    units = incoming.about.unit
    if units is None or isinstance(units, str):
        arm = served.arm(key, units, first)
        part = _part_of(arm, incoming)
        return [part if arm.alike else read_by(part, reader)]
    places: dict[int, list[int]] = {}
    arms: dict[int, ServedArm] = {}
    for row, unit in enumerate(units):
        arm = served.arm(key, unit, first)
        arms[id(arm)] = arm
        places.setdefault(id(arm), []).append(row)
    if len(places) == 1:
        (arm,) = arms.values()
        return [read_by(_part_of(arm, incoming), reader)]
    ordered = sorted(arms.items(), key=lambda each: (each[1].live.loaded.number, each[1].role or ""))
    return [
        read_by(_part_of(arm, take_rows(incoming, places[at]), places[at]), reader) for at, arm in ordered
    ]


def _part_of(arm: ServedArm, incoming: RequestRows, places: list[int] | None = None) -> VersionPart:
    """A part that a release sent there."""
    return VersionPart(arm.live, incoming, places, None, arm)


def join_outputs(
    parts: list[VersionPart], bearer: Bearer | None = None
) -> tuple[list[Any] | None, list[Any] | None]:
    """Labels and probabilities in the order of the request's rows, as far as each version, and the token of
    the request, let them be told. Raises BadRequest where that leaves nothing."""
    answers = [part.answer for part in parts if part.answer is not None]
    if len(parts) == 1:
        label, probability = answers[0].label, answers[0].probability
    else:
        places = [row for part in parts for row in part.places or ()]
        label = _in_row_order(places, [answer.label for answer in answers])
        probability = _in_row_order(places, [answer.probability for answer in answers])
    if probability is None:
        return label, None
    if bearer is not None and bearer.token.label_only:
        if label is None:
            raise BadRequest(
                f"the token {bearer.token.name!r} is told labels only, and this model answers probabilities "
                "alone.",
                403,
            )
        return label, None
    decimals = _decimals(parts, bearer)
    return label, probability if decimals is None else _round(probability, decimals)


def _decimals(parts: list[VersionPart], bearer: Bearer | None) -> int | None:
    """How many of a probability are told: the fewest that anyone lets; None: all."""
    if len(parts) == 1 and (bearer is None or bearer.token.decimals is None):
        return parts[0].live.loaded.decimals
    said = [part.live.loaded.decimals for part in parts]
    if bearer is not None:
        said.append(bearer.token.decimals)
    return min((each for each in said if each is not None), default=None)


def _round(probability: list[Any], decimals: int) -> list[Any]:
    """[n] or [n][classes]."""
    if isinstance(probability[0], list):
        return [[round(chance, decimals) for chance in row] for row in probability]
    return [round(chance, decimals) for chance in probability]


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


def rows_by_answerer(parts: Sequence[VersionPart]) -> RowsByAnswerer:
    """How many rows which version or arm answered."""
    if len(parts) == 1 and parts[0].incoming.n == 1:
        part = parts[0]
        return part.live.one if part.arm is None else part.arm.one
    return [(part.live.loaded.number if part.arm is None else part.arm.of, part.incoming.n) for part in parts]


def encode_observations(
    parts: list[VersionPart],
    ids: list[str],
    nanoseconds: int,
    took: int,
    bearer: Bearer | None = None,
    traceparent: str | None = None,
    shadow_of: Sequence[str] | None = None,
) -> list[ObservationBlock]:
    """What is kept of a request: a block for each arm that answered. took: nanoseconds that its models took.
    shadow_of: of one part, whose answers nobody was told: the ids of those that were."""
    at, token = nanoseconds // 1000, None if bearer is None else bearer.token.name
    made = []
    for part in parts:
        live, answer, about = part.live, part.answer, part.incoming.about
        assert answer is not None
        loaded, output = live.loaded, {}
        if answer.label is not None:
            output[live.label_name] = answer.label
        if answer.probability is not None:
            output["probability"] = answer.probability
        layout, numbers, values = live.schema.logged_cells(answer.rows)
        # By place: half of what a request of one row takes here would be names.
        rows = ObservedRows(
            loaded.model,
            loaded.number,
            ids if part.places is None else [ids[row] for row in part.places],
            at,
            output,
            layout,
            numbers,
            values,
            None if answer.joined is None else [encode(each).decode() for each in answer.joined],
        )
        if part.arm is not None:
            rows.release, rows.arm = part.arm.release, part.arm.role
        rows.latency_us, rows.token = took // 1000, token
        rows.traceparent = traceparent
        if shadow_of is not None:
            rows.shadow_of = list(shadow_of)
        if about is not NOBODY:
            rows.key, rows.unit = about.key, about.unit  # type: ignore[assignment]
            rows.subject = _canonical(about.subject, loaded.form)
            if about.at is not None:
                rows.at = _microseconds(about.at, at)
        made.append(encode_block(rows))
    return made


def _microseconds(times: Any, otherwise: int) -> Any:
    """Of all rows, or of each; otherwise: of rows without a time."""
    if isinstance(times, list):
        return [_microseconds(each, otherwise) for each in times]
    return otherwise if times is None else microseconds(times)


def _canonical(subject: Any, form: Form) -> Any:
    """Of all rows, or of each."""
    if isinstance(subject, list):
        return [_canonical(each, form) for each in subject]
    return None if subject is None else canonical(subject, form)


def read_by(part: VersionPart, reader: LiveVersion) -> VersionPart:
    """An array has its columns in the reader's order: for another schema it goes by name."""
    names = reader.schema.names
    if part.live is reader or part.live.schema.names == names:
        return part
    array = part.incoming.numbers()
    if array is not None:
        columns = {
            name: [None if value != value else value for value in array[:, i].tolist()]
            for i, name in enumerate(names)
        }
        part.incoming = RequestRows(part.incoming.n, None, columns, part.incoming.about)
    return part


def pick_rows(values: Sequence[Any] | NDArray[Any], rows: list[int]) -> list[Any] | NDArray[Any]:
    """These of the values."""
    return values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]


def take_rows(incoming: RequestRows, rows: list[int]) -> RequestRows:
    """These rows of a request."""

    def some(values: Any) -> Any:
        return [values[row] for row in rows] if isinstance(values, list) else values

    about = incoming.about
    return RequestRows(
        len(rows),
        None if incoming.array is None else incoming.array[rows],
        None
        if incoming.columns is None
        else {name: pick_rows(values, rows) for name, values in incoming.columns.items()},
        RowMetadata(some(about.key), some(about.subject), some(about.unit), some(about.at)),
    )
