"""What the figures of leakage are called."""

from __future__ import annotations

from comporta.records import quantity

TOLD_BY_ALL = quantity("told_by_all_features", "told by all features")
ERRORS_WITHOUT = quantity("errors_without_features", "errors without features over those with them, for each")
ERRORS_OF_CHAMPION = quantity("errors_of_champion", "errors of the champion over the candidate's")
TOLD_BY_ABSENCE = quantity("told_by_absence", "told by whether it is missing")
