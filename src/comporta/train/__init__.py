"""Split, fit, export, score: from a table to a kept model and its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comporta.records.codec import Codec
    from comporta.train.predictor import Predictor, load_predictor, trial_rows
    from comporta.train.split import assign_split

__all__ = ["Codec", "Predictor", "assign_split", "load_predictor", "trial_rows"]

_WHERE = {
    "Codec": "codecs",
    "Predictor": "predictor",
    "assign_split": "split",
    "load_predictor": "predictor",
    "trial_rows": "predictor",
}


def __getattr__(name: str) -> Any:
    """Loaded when asked for: polars, numpy and scikit-learn are no part of importing this room."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
