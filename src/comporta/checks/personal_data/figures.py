"""What the figures of personal data are called."""

from __future__ import annotations

from comporta.records import quantity

PLACES = quantity("places_searched", "places searched")
PERSONAL_DATA = quantity("personal_data", "personal data")

PLACE = ("feature", "column", "trial_column", "place")
"""Conditions that say where it was found."""
