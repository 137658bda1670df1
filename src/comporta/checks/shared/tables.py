"""Tables and columns that several checks fill: ids to compare, and the words that people read."""

from __future__ import annotations

from comporta.records import column, table

FEATURES = table("features", "features")
CURVE = table("curve", "curve")
IMPORTANCE = table("importance", "importance")
REPLICATES = table("importance_replicates", "importance on resampled rows")

AGAINST = column("against", "against")
AUC = column("auc", "auc")
BROKEN = column("broken", "broken")
CLASS = column("class", "class")
COLUMN = column("column", "column")
DIFFERENCE = column("difference", "difference")
FEATURE = column("feature", "feature")
FIRST_ROW = column("first_row", "first row")
FORM = column("form", "form")
HIGH = column("high", "high")
IS = column("is", "is")
LOSS = column("loss", "loss")
LOW = column("low", "low")
METHOD = column("method", "method")
METRIC_LOST = column("metric_lost", "{of} lost", of=str)
P = column("p", "p")
RESAMPLED = column("replicates", "on resampled rows")
RESEARCH = column("research", "research")
ROWS = column("rows", "rows")
SHARE = column("share", "share")
SLICE = column("slice", "slice")
VALUE = column("value", "value")
WAS = column("was", "was")
WHAT = column("what", "what")
WHERE = column("where", "where")
WHY = column("why", "why")
X = column("x", "x")
Y = column("y", "y")
