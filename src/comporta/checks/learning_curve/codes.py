"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NO_FIT_ON_HALF = code("evidence.no_fit_on_half", "no fit on half of the rows was made")
LOSS_FROM_ROWS = code("evidence.loss_from_rows", "{loss:.4g} from {rows:,}", loss=float, rows=int)
LEARNING_CURVE = code("evidence.learning_curve", "Mean {loss}: {points} rows.", loss=str, points=tuple)
