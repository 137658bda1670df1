"""What the tables of the paired comparison and their columns are called."""

from __future__ import annotations

from comporta.records import NUMBER, column, table

TESTS = table("tests", "tests")
BOOTSTRAP_LOW = column("bootstrap_low", "bootstrap low")
BOOTSTRAP_HIGH = column("bootstrap_high", "bootstrap high")
P_WILCOXON = column("p_wilcoxon", "p, Wilcoxon")
SMALLEST_SEEN = column("smallest_difference_seen", "smallest difference seen with 80 % power")
LABELS_TO_SHOW = column("labels_to_show_equal", "labels to show equal models within {of:g}", of=NUMBER)
