"""Datasets that are versioned, and can forget. Its functions are loaded when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comporta.data.change import add
    from comporta.data.keys import key_text, row_key
    from comporta.data.log import accept_columns, tag
    from comporta.data.manifests import datasets, reachable, slice_of, versions
    from comporta.data.read import rows_of, scan

_HOMES = {
    "accept_columns": "log",
    "add": "change",
    "datasets": "manifests",
    "key_text": "keys",
    "reachable": "manifests",
    "row_key": "keys",
    "rows_of": "read",
    "scan": "read",
    "slice_of": "manifests",
    "tag": "log",
    "versions": "manifests",
}

__all__ = [
    "accept_columns",
    "add",
    "datasets",
    "key_text",
    "reachable",
    "row_key",
    "rows_of",
    "scan",
    "slice_of",
    "tag",
    "versions",
]


def __getattr__(name: str) -> Any:
    # polars costs 0.1 s: a command that reads no data must not pay for it.
    if name in _HOMES:
        return getattr(import_module(f"comporta.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
