"""What the tables of drift and their columns are called."""

from __future__ import annotations

from comporta.records import column

DRIFT = column("drift", "drift")
IMPORTANCE_SHARE = column("importance", "importance")
IMPORTANCE_SHARE_BEFORE = column("importance_before", "importance before")
DISCOVERY = column("discovery", "discovery")
IN_OTHER_CELLS = column("rows_in_other_cells", "rows in other cells")
MISSING_WAS = column("missing_was", "missing was")
MISSING_IS = column("missing_is", "missing is")
MEAN_WAS = column("mean_was", "mean was")
MEAN_IS = column("mean_is", "mean is")
MEAN_MOVED = column("mean_moved_by_spreads", "mean moved by spreads")
