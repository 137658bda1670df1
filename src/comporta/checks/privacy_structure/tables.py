"""What the tables of what a model keeps and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

KEPT = table("kept", "kept")
TREES = table("trees", "trees")
WORDS = table("words", "words")
TREES_GROWN = column("trees", "trees")
LEAVES = column("leaves", "leaves")
IN_SMALL_LEAVES = column("rows_in_small_leaves", "rows in small leaves")
SMALLEST_LEAF = column("smallest_leaf", "smallest leaf")
RARE_WORD_COUNT = column("words", "words")
