"""What came true, told by prediction id: one or many at once, read as the models' signatures have it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from comporta.errors import BadRequest, wording
from comporta.http.json_body import decode_json
from comporta.records import Feedback, Signature
from comporta.records.label import read_label
from comporta.serve.columns import first_names
from comporta.serve.prediction_ids import is_id
from comporta.serve.request_rows import parse_utc_time, too_many_rows

Label = bool | int | float | str
MAX_LABEL = 10_000
_SHOWN = 3
_MICROSECOND = timedelta(microseconds=1)


class LabelBody(msgspec.Struct, forbid_unknown_fields=True):
    """One label. at: when it came true."""

    id: str
    label: Label
    at: str | None = None


class ReadLabels(NamedTuple):
    """number: how many labels a body held. labels: those to be kept, a repeated one once. corrections: how
    many of them are another label for an id than the one before."""

    number: int
    labels: list[Feedback]
    corrections: int


_decoder = msgspec.json.Decoder(LabelBody | list[LabelBody])


def read_feedback_body(
    body: bytes, arrived: datetime, limit: int, takes: Mapping[str, Sequence[Signature]] | None = None
) -> ReadLabels:
    """The labels of a body: `{"id": …, "label": …, "at": …}`, or a list of such.

    takes: signatures by model, of all whose predictions the labels may be about; None: not all are known, and
    any label is taken. Raises BadRequest.
    """
    try:
        given: LabelBody | list[LabelBody] = decode_json(_decoder, body)
    except BadRequest as error:
        raise BadRequest(f"{error} {_example(takes)}") from None
    labels = given if isinstance(given, list) else [given]
    if not labels:
        raise BadRequest(f"found no label, expected at least one. {_example(takes)}")
    if len(labels) > limit:
        raise too_many_rows(len(labels), limit)
    kept: dict[str, list[Feedback]] = {}
    for row, label in enumerate(labels):
        read = _feedback(row, label, arrived, takes)
        before = kept.setdefault(read.id, [])
        if not before or not _same(read, before[-1]):
            # Told apart, and put in the order they came in, by their arrival.
            before.append(msgspec.structs.replace(read, arrived=arrived + len(before) * _MICROSECOND))
    corrections = sum(
        not _equal(one.label, other.label)
        for each in kept.values()
        for one, other in itertools.pairwise(each)
    )
    return ReadLabels(len(labels), [label for each in kept.values() for label in each], corrections)


def _feedback(
    row: int, label: LabelBody, arrived: datetime, takes: Mapping[str, Sequence[Signature]] | None
) -> Feedback:
    if not is_id(label.id):
        raise BadRequest(
            f"feedback {row}: found an 'id' that is none, expected the 32 hex digits that came with "
            f"the prediction. {_example(takes)}"
        )
    if isinstance(label.label, str) and len(label.label) > MAX_LABEL:
        raise BadRequest(
            f"feedback {row}: found a label of {len(label.label)} characters, expected at most {MAX_LABEL}."
        )
    if takes is not None and not any(
        read_label(label.label, each) is not None for model in takes.values() for each in model
    ):
        raise BadRequest(f"feedback {row}: found {_kind(label.label)}, expected {_labels_text(takes)}.")
    at = None if label.at is None else parse_utc_time(f"feedback {row}: 'at'", label.at)
    return Feedback(id=label.id, label=label.label, at=at, arrived=arrived)


def _same(one: Feedback, other: Feedback) -> bool:
    return one.at == other.at and _equal(one.label, other.label)


def _equal(one: Label, other: Label) -> bool:
    """true is not 1, as a label."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _kind(label: Label) -> str:
    return (
        wording("true or false")
        if isinstance(label, bool)
        else wording("a text that names no class")
        if isinstance(label, str)
        else "a number"
    )


def _example(takes: Mapping[str, Sequence[Signature]] | None) -> str:
    """A body that is right, with a label of a model here. Its `at` may be left out."""
    signatures = [each for model in (takes or {}).values() for each in model]
    classes = next((each.classes for each in signatures if each.classes), ())
    label = classes[-1] if classes else 12.5 if signatures else True
    body = msgspec.json.encode({"id": "0123456789abcdef0123456789abcdef", "label": label}).decode()
    return f"For example: {body}"


def _labels_text(takes: Mapping[str, Sequence[Signature]]) -> str:
    """What the models that answer here take as a label, a few of them."""
    models = sorted(takes)[:_SHOWN]
    each = [f"{_one_of(takes[model][0])} for {model}" for model in models]
    more = len(takes) - len(models)
    return "a label of a model here: " + ", ".join(each) + (f" and {more} more" if more else "")


def _one_of(takes: Signature) -> str:
    return "a number" if takes.task == "regression" else f"one of {first_names(takes.classes)}"
