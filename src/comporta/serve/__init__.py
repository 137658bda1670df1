"""The request path: a request in, an answer out, and an observation kept beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from comporta.serve.metric_sample import MetricSample, version_labels
from comporta.serve.tally import RowCounts, Tally
from comporta.serve.version_source import (
    LoadedVersion,
    ModelScores,
    ObservationBlock,
    ObservationSink,
    VersionSource,
)

if TYPE_CHECKING:
    from comporta.serve.app import App
    from comporta.serve.limits import ServeLimits
    from comporta.serve.server import serve

__all__ = [
    "App",
    "LoadedVersion",
    "MetricSample",
    "ModelScores",
    "ObservationBlock",
    "ObservationSink",
    "RowCounts",
    "ServeLimits",
    "Tally",
    "VersionSource",
    "serve",
    "version_labels",
]

_LAZY = {
    "App": "comporta.serve.app",
    "ServeLimits": "comporta.serve.limits",
    "serve": "comporta.serve.server",
}


def __getattr__(name: str) -> Any:
    # numpy, polars and uvicorn are loaded by who serves, not by who imports.
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
