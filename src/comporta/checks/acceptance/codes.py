"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

ARGUMENTS_UNREADABLE = code("evidence.arguments_unreadable", "its arguments cannot be read")
ARGUMENTS_UNKNOWN = code(
    "evidence.arguments_unknown",
    "it asks for {found}, expected some of {expected}",
    found=tuple, expected=tuple,
)  # fmt: skip
FUNCTION_RAISED = code("evidence.function_raised", "it raised {error} at {place}", error=str, place=str)
GAVE_NO_FINITE_NUMBER = code("evidence.gave_no_finite_number", "it gave a number that is not finite")
GAVE_NO_FINITE_FIGURE = code("evidence.gave_no_finite_figure", "it gave a figure that is not finite")
GAVE_NOTHING = code("evidence.gave_nothing", "it gave nothing, expected true or false, a number or a Figure")
GAVE_ANOTHER_TYPE = code(
    "evidence.gave_another_type",
    "it gave a {type}, expected true or false, a number or a Figure",
    type=str,
)
