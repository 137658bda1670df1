"""What the figures of evasion are called."""

from __future__ import annotations

from comporta.records import quantity

FLIPPED = quantity("refused_rows_that_flip", "refused rows that flip")
