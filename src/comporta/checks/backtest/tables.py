"""What the tables of a backtest and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

WINDOWS_TABLE = table("windows", "windows")
WINDOW = column("window", "window")
TRAINED_ON = column("trained_on", "trained on")
