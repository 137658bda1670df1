"""What is said of slices that are too small to be measured."""

from __future__ import annotations

from comporta.records.message import code

TOO_FEW_SUBJECTS = code(
    "stats.too_few_subjects",
    "{rows:,} rows about {subjects} subjects, at least {least} expected",
    rows=int, subjects=int, least=int,
)  # fmt: skip
