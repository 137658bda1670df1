"""How the exported forms of a model compare with its estimator, as stored beside it."""

from __future__ import annotations

from comporta.records.message import NO_TEXT, Text
from comporta.records.record import Record


class Agreement(Record, frozen=True, kw_only=True):
    """How one form of the model compares with the estimator. agrees: it may serve. reason: why not.

    rows: compared. apart: the largest difference of a probability, or of a number over the numbers'
    spread. differ: rows further apart than the tolerance, or with another label. beside: rows compared at
    seen values and thresholds and a step beside them; thresholds: of the estimator's trees, among these.
    """

    agrees: bool
    reason: Text = NO_TEXT
    rows: int = 0
    apart: float = 0.0
    differ: int = 0
    tolerance: float = 0.0
    beside: int = 0
    thresholds: int = 0


class ExportAgreement(Record, frozen=True, kw_only=True):
    """Every other form of the model beside the estimator: `onnx`, `lightgbm`."""

    forms: dict[str, Agreement]
