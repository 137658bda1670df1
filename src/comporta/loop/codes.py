"""What is said of evidence that is not there."""

from __future__ import annotations

from comporta.records.message import Text, Words, code

SPENT = code(
    "loop.spent",
    "the level's time budget was spent before it began; asked again (comporta gate), it goes on from there",
)
NOT_MADE = code(
    "loop.not_made",
    "{what} could not be measured; the run's log has why (comporta runs, comporta show RUN)",
    what=str,
)
NOTHING_FOUND = code("loop.nothing_found", "nothing was found")
NOTHING_MEASURED = code("loop.nothing_measured", "nothing was measured for {what!r}", what=str)
METRIC_LACKS = code("loop.metric_lacks", "{metric}: {why}", metric=str, why=Text)
SLICE_LACKS = code("loop.slice_lacks", "{slice}: {why}", slice=Words, why=Text)
METRIC_LACKS_IN = code("loop.metric_lacks_in", "{metric} {slice}: {why}", metric=str, slice=Words, why=Text)
METRIC_LACKS_BY = code(
    "loop.metric_lacks_by", "{metric} by {column}: {why}", metric=str, column=str, why=Text
)
AND = code("loop.and", "{first}; {rest}", first=Text, rest=Text)
AND_MORE = code("loop.and_more", "{first}; and {more:,} more", first=Text, more=int)
NO_METRIC = code("loop.no_metric", "no {metric} was measured", metric=str)
NO_METRIC_BY = code("loop.no_metric_by", "no {metric} was measured by {column}", metric=str, column=str)
NOT_DEFINED_IN_SLICE = code(
    "loop.not_defined_in_slice",
    "not defined on its {rows:,} rows: one class only, or no spread in the target",
    rows=int,
)
