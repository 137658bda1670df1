"""What is said of evidence that is not there, and of stored bytes that are not what was written."""

from __future__ import annotations

from comporta.records.message import Message, Text, Words, code

SPENT = code(
    "evidence.spent",
    "the level's time budget was spent before it began; asked again (comporta gate), it goes on from there",
)
NOT_MADE = code(
    "evidence.not_made",
    "{what} could not be measured; the run's log has why (comporta runs, comporta show RUN)",
    what=str,
)
NOTHING_FOUND = code("evidence.nothing_found", "nothing was found")
NOTHING_MEASURED = code("evidence.nothing_measured", "nothing was measured for {what!r}", what=str)
METRIC_LACKS = code("evidence.metric_lacks", "{metric}: {why}", metric=Text, why=Text)
SLICE_LACKS = code("evidence.slice_lacks", "{slice}: {why}", slice=(Words, Message), why=Text)
METRIC_LACKS_IN = code(
    "evidence.metric_lacks_in", "{metric} {slice}: {why}", metric=Text, slice=(Words, Message), why=Text
)
METRIC_LACKS_BY = code(
    "evidence.metric_lacks_by", "{metric} by {column}: {why}", metric=Text, column=str, why=Text
)
AND = code("evidence.and", "{first}; {rest}", first=Text, rest=Text)
AND_MORE = code("evidence.and_more", "{first}; and {more:,} more", first=Text, more=int)
NO_METRIC = code("evidence.no_metric", "no {metric} was measured", metric=Text)
NO_METRIC_BY = code("evidence.no_metric_by", "no {metric} was measured by {column}", metric=Text, column=str)
ARTIFACT_MISSING = code(
    "artifact.missing",
    "{name} ({kind}) is missing: it is needed. Restore it from a backup, or run again.",
    name=str,
    kind=str,
)
ARTIFACT_CHANGED = code(
    "artifact.changed",
    "{name} ({kind}) holds other bytes than were written. Restore it from a backup, or delete it and run "
    "again.",
    name=str,
    kind=str,
)
ARTIFACT_BACK = code(
    "artifact.back",
    "{name} ({kind}) is there, though an event says that it was deleted: a backup was restored, or it was "
    "written again. Delete it: comporta store remove {digest} --reason erasure",
    name=str,
    kind=str,
    digest=str,
)
DETAILS_MISSING = code(
    "run.details_missing", "{reason} (its details are missing from the store)", reason=Text
)
