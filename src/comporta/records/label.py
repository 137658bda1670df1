"""What came true, read as the model's signature has it: a class by its text, or a number."""

from __future__ import annotations

from math import isfinite
from typing import Any

from comporta.records.column_type import TypeKind
from comporta.records.version import Signature


def read_label(value: Any, takes: Signature) -> float | str | None:
    """The text of the class, or the number of a regression; None where the value is none of this model.

    value: as JSON has it. A class may be given as the target has it, or by the text that the signature names
    it by; 1 and 0 stand for true and false, but true and false for no number.
    """
    if takes.task == "regression":
        return _number(value)
    text = _class_text(value, takes.label_kind)
    return text if text in takes.classes else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _class_text(value: Any, label: TypeKind) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        # As a number it would be another class, or one by accident.
        numbers = label in ("whole", "real", "decimal")
        return None if numbers else "true" if value else "false"
    if _number(value) is None:  # no class is beyond what a float holds, and its digits may not be written
        return None
    if label == "boolean":
        return {0.0: "false", 1.0: "true"}.get(value)
    return str(int(value)) if isinstance(value, int) or value.is_integer() else str(value)
