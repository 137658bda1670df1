"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import Words, code

NOTHING_REFUSED = code("evidence.nothing_refused", "a regression has no refused rows")
NO_SUCH_FEATURE = code("evidence.no_such_feature", "it has no feature {feature!r}", feature=str)
NO_ROW_DECIDED = code("evidence.no_row_decided", "no test row is decided {label!r}", label=Words)
ROWS_ASKED = code("evidence.rows_asked", "The model was asked {rows:,} rows.", rows=int)
LOWER_BOUND = code("evidence.lower_bound", "The share is a lower bound.")
