"""What the tables of expectations and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

EXPECTED = table("expectations", "expectations")
DATASET = column("dataset", "dataset")
VERSION = column("version", "version")
EXPECTS = column("expects", "expects")
ALLOWED = column("allowed", "allowed")
BREACH_COUNT = column("breach", "breach")
