"""What the tables of suspected labels and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

LABELS = table("labels", "labels")
KEY = column("key", "key")
TARGET = column("target", "target")
PREDICTION = column("prediction", "prediction")
LIKELIER = column("likelier", "likelier")
DISTANCE = column("distance", "distance")
