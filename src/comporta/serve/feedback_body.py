"""What came true, told by prediction id: one or many at once, read as the models' signatures have it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from comporta.errors import BadRequest, wording
from comporta.http.json_body import decode_json
from comporta.records import Feedback, Signature
from comporta.records.instant import MICROSECOND
from comporta.records.label import read_label
from comporta.serve.columns import first_names
from comporta.serve.prediction_ids import is_id
from comporta.serve.request_rows import parse_utc_time, too_many_rows

Label = bool | int | float | str
MAX_LABEL = 10_000
_SHOWN = 3
SignaturesByModel = Mapping[str, Sequence[Signature]]
"""Of each model those of the versions that answer."""


class LabelBody(msgspec.Struct, forbid_unknown_fields=True):
    """One label. at: when it came true."""

    id: str
    label: Label
    at: str | None = None


class MergedLabels(NamedTuple):
    """labels: those to be kept, a repeated one once. corrections: how many of them are another label for an
    id than the one before."""

    labels: list[Feedback]
    corrections: int


_decoder = msgspec.json.Decoder(LabelBody | list[LabelBody])


def read_feedback_body(
    body: bytes, arrived: datetime, limit: int, takes: SignaturesByModel | None = None
) -> list[Feedback]:
    """The labels of a body, in its order: `{"id": …, "label": …, "at": …}`, or a list of such. takes: what
    models here take, for an example. Raises BadRequest."""
    try:
        given: LabelBody | list[LabelBody] = decode_json(_decoder, body)
    except BadRequest as error:
        raise BadRequest(f"{error} {_example(takes)}") from None
    labels = given if isinstance(given, list) else [given]
    if not labels:
        raise BadRequest(f"found no label, expected at least one. {_example(takes)}")
    if len(labels) > limit:
        raise too_many_rows(len(labels), limit)
    return [_feedback(row, label, arrived, takes) for row, label in enumerate(labels)]


def unsure_labels(labels: Sequence[Feedback], takes: SignaturesByModel | None) -> list[str]:
    """The ids of labels that may be none of their model: what is a label of every one is sure."""
    every = None if takes is None else distinct_signatures(takes)
    unsure = (
        each.id
        for each in labels
        if every is None or any(read_label(each.label, one) is None for one in every)
    )
    return list(dict.fromkeys(unsure))


def require_labels(
    labels: Sequence[Feedback],
    takes: SignaturesByModel | None,
    known: Mapping[str, tuple[str, Signature]],
) -> None:
    """Raises BadRequest where a label is none of its model, or where its model is not known and it is none of
    any. takes: of all models that answer; None: others may. known: by id the model, and what it takes."""
    every = () if takes is None else distinct_signatures(takes)
    for row, each in enumerate(labels):
        of = known.get(each.id)
        if of is not None:
            model, signature = of
            if read_label(each.label, signature) is None:
                raise BadRequest(
                    f"feedback {row}: found {_kind(each.label)}, expected {_one_of(signature)}: the "
                    f"prediction is of {model}."
                )
        elif takes is not None and not any(read_label(each.label, one) is not None for one in every):
            raise BadRequest(f"feedback {row}: found {_kind(each.label)}, expected {_labels_text(takes)}.")


def merge_labels(labels: Sequence[Feedback]) -> MergedLabels:
    """A label that is given twice once; others of one id told apart, and put in the order they came in, by
    their arrival."""
    kept: dict[str, list[Feedback]] = {}
    for each in labels:
        before = kept.setdefault(each.id, [])
        if not before or not _same(each, before[-1]):
            before.append(msgspec.structs.replace(each, arrived=each.arrived + len(before) * MICROSECOND))
    corrections = sum(
        not _equal(one.label, other.label)
        for each in kept.values()
        for one, other in itertools.pairwise(each)
    )
    return MergedLabels([label for each in kept.values() for label in each], corrections)


def distinct_signatures(takes: SignaturesByModel) -> list[Signature]:
    """Of those that read labels alike one."""
    return list(
        {(each.task, each.label, each.classes): each for of in takes.values() for each in of}.values()
    )


def _feedback(row: int, label: LabelBody, arrived: datetime, takes: SignaturesByModel | None) -> Feedback:
    if not is_id(label.id):
        raise BadRequest(
            f"feedback {row}: found an 'id' that is none, expected the 32 hex digits that came with "
            f"the prediction. {_example(takes)}"
        )
    if isinstance(label.label, str) and len(label.label) > MAX_LABEL:
        raise BadRequest(
            f"feedback {row}: found a label of {len(label.label)} characters, expected at most {MAX_LABEL}."
        )
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


def _example(takes: SignaturesByModel | None) -> str:
    """A body that is right, with a label of a model here. Its `at` may be left out."""
    signatures = [each for model in (takes or {}).values() for each in model]
    classes = next((each.classes for each in signatures if each.classes), ())
    label = classes[-1] if classes else 12.5 if signatures else True
    body = msgspec.json.encode({"id": "0123456789abcdef0123456789abcdef", "label": label}).decode()
    return f"For example: {body}"


def _labels_text(takes: SignaturesByModel) -> str:
    """What the models that answer here take as a label, a few of them."""
    models = sorted(takes)[:_SHOWN]
    each = [f"{_one_of(takes[model][0])} for {model}" for model in models]
    more = len(takes) - len(models)
    return "a label of a model here: " + ", ".join(each) + (f" and {more} more" if more else "")


def _one_of(takes: Signature) -> str:
    return "a number" if takes.task == "regression" else f"one of {first_names(takes.classes)}"
