"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import Text, code

FORM_NOT_KEPT = code("evidence.form_not_kept", "{form} is not kept: {reason}.", form=str, reason=Text)
NOT_ASKED_AS_REQUESTS = code(
    "evidence.not_asked_as_requests",
    "{rows:,} rows have no time, no key of their own, or are no more: not asked as requests.",
    rows=int,
)
WAY_NOT_MEASURED = code(
    "evidence.way_not_measured",
    "Asked from the features on: what a request is turned into was not measured.",
)
NO_SUCH_COLUMN = code("evidence.no_such_column", "no such column")
