"""The functions that `gates_release.py` times: module → function → what its time counts as."""

from __future__ import annotations

import functools
import importlib
from typing import Any

WATCHED = {
    "comporta.train.asking": {"ask_estimator": "predictions", "refit_estimator": "fits"},
    "comporta.train.steps": {"ask_estimator": "predictions"},
    "comporta.train.predictor": {
        "Predictor.predict": "served predictions",
        "Predictor.fast": "served predictions",
    },
    "comporta.stats.simple": {"_predict": "fits of what it is compared with"},
    "comporta.checks.leakage.removal": {"_fit_trees": "fits of what looks for leaks"},
    "comporta.checks.membership.measure": {"reference": "fits of what it is compared with"},
}


def holder(module: Any, function: str) -> tuple[Any, str]:
    """What the function is an attribute of, and its name there. Raises LookupError: it is not there."""
    *owner, last = function.split(".")
    try:
        within = functools.reduce(getattr, owner, module)
        getattr(within, last)
    except AttributeError:
        raise LookupError(
            f"found no {function} in {module.__name__}, expected what benchmarks/_models_timed/watched.py "
            "times. Name there what it is called now."
        ) from None
    return within, last


def require_all() -> None:
    """Raises LookupError, ModuleNotFoundError: a function that is timed is no longer where it was."""
    for name, functions in WATCHED.items():
        module = importlib.import_module(name)
        for function in functions:
            holder(module, function)
