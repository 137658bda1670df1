"""What the figures of the shape of answers are called."""

from __future__ import annotations

from comporta.records import quantity

WRONG_STEP = quantity("largest_wrong_step", "largest step the wrong way")
LOWEST = quantity("lowest_answer", "lowest answer")
HIGHEST = quantity("highest_answer", "highest answer")
PROVED = quantity("proved", "proved")
OUTSIDE = quantity("rows_outside", "rows outside")
