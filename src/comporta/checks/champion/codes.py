"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NO_CHAMPION = code("evidence.no_champion", "there is no champion yet to compare with")
CHAMPION_COULD_NOT_ANSWER = code(
    "evidence.champion_could_not_answer",
    "the champion could not answer: its features are not all in the candidate's table. Leave them in the "
    "table's `compute` and `use` until it is compared",
)
CHAMPION_OTHER_CLASSES = code(
    "evidence.champion_other_classes", "the champion predicts other classes than the candidate"
)
NO_ROW_OF_BOTH = code(
    "evidence.no_row_of_both", "no row was predicted by both models and learned from by neither"
)
CHAMPION_GIVES_NO = code("evidence.champion_gives_no", "the champion's output gives no {needs}", needs=str)
NO_TABLE_DEFINED = code(
    "evidence.no_table_defined", "no table of {least} rows in which it is defined", least=int
)
NO_SLICE_DEFINED = code(
    "evidence.no_slice_defined",
    "no {column} of {least} rows in which it is defined",
    column=str, least=int,
)  # fmt: skip
NOT_DEFINED_IN_SLICE = code(
    "evidence.not_defined_in_slice",
    "not defined on its {rows:,} rows: one class only, or no spread in the target",
    rows=int,
)
