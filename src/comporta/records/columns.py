"""The columns of a table that no model sees, and those that its answers stand in."""

HIDDEN = "__"
KEY, SUBJECT, AT, TARGET = "__key", "__subject", "__at", "__target"
KEPT = "__keep_"
LABEL, NUMBER, CHANCE = "__label", "__prediction", "__probability_"
