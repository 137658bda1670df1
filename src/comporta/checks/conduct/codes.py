"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NO_ROW_UNDER_RULE = code(
    "evidence.no_row_under_rule", "no test row lies under the rule, and none could be made that does"
)
NO_ROW_MADE = code(
    "evidence.no_row_made", "No row could be made that lies under the rule: it reads no feature by name."
)
