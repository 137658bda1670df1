"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NOT_SERVED_YET = code("evidence.not_served_yet", "nothing of this model has been served whose label has come")
TOO_FEW_LOGGED = code(
    "evidence.too_few_logged",
    "{rows:,} logged rows with a label that it was not trained on, at least {least} expected",
    rows=int, least=int,
)  # fmt: skip
LOGGED_ROWS = code(
    "evidence.logged_rows",
    "{rows:,} logged rows with a label, and {learned:,} left out that it learned from.",
    rows=int, learned=int,
)  # fmt: skip
SUBJECTS_RESAMPLED = code(
    "evidence.subjects_resampled", "No {group} is logged: subjects are resampled.", group=str
)
ROWS_RESAMPLED = code(
    "evidence.rows_resampled", "No {group} is logged: single rows are resampled.", group=str
)
