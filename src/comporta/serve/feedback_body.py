"""What came true, told by prediction id: one or many at once."""

from __future__ import annotations

from datetime import datetime

import msgspec

from comporta.errors import BadRequest
from comporta.http.json_body import decode_json
from comporta.records import Feedback
from comporta.serve.prediction_ids import is_id
from comporta.serve.request_rows import parse_utc_time, too_many_rows

Label = bool | int | float | str
MAX_LABEL = 10_000


class LabelBody(msgspec.Struct, forbid_unknown_fields=True):
    """One label. at: when it came true."""

    id: str
    label: Label
    at: str | None = None


_decoder = msgspec.json.Decoder(LabelBody | list[LabelBody])


def read_feedback_body(body: bytes, arrived: datetime, limit: int) -> list[Feedback]:
    """The labels of a body: `{"id": …, "label": …, "at": …}`, or a list of such. Raises BadRequest."""
    given: LabelBody | list[LabelBody] = decode_json(_decoder, body)
    labels = given if isinstance(given, list) else [given]
    if not labels:
        raise BadRequest("found no label, expected at least one.")
    if len(labels) > limit:
        raise too_many_rows(len(labels), limit)
    return [_feedback(row, each, arrived) for row, each in enumerate(labels)]


def _feedback(row: int, label: LabelBody, arrived: datetime) -> Feedback:
    if not is_id(label.id):
        raise BadRequest(
            f"feedback {row}: found an 'id' that is none, expected the 32 hex digits that came with "
            "the prediction."
        )
    if isinstance(label.label, str) and len(label.label) > MAX_LABEL:
        raise BadRequest(
            f"feedback {row}: found a label of {len(label.label)} characters, expected at most {MAX_LABEL}."
        )
    at = None if label.at is None else parse_utc_time(f"feedback {row}: 'at'", label.at)
    return Feedback(id=label.id, label=label.label, at=at, arrived=arrived)
