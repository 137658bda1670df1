"""Datasets that are versioned, and can forget. Its functions are loaded when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comporta.data.catalog import ColumnSummary, Description, describe
    from comporta.data.change import add
    from comporta.data.compaction import Compaction, compact
    from comporta.data.damage import Damage, Verified, verify
    from comporta.data.difference import Diff, Sample, diff
    from comporta.data.feedback_log import scan_feedback, seal_feedback
    from comporta.data.keys import key_text, row_key
    from comporta.data.log import accept_columns, tag
    from comporta.data.manifests import datasets, manifest_of, reachable, slice_of, versions
    from comporta.data.near import Near, Subjects, subjects
    from comporta.data.online import answerer
    from comporta.data.open_rows import log_rows
    from comporta.data.prediction_log import Sealed, find_prediction, scan_predictions, seal_predictions
    from comporta.data.read import rows_of, scan
    from comporta.data.types import typed
    from comporta.records import Manifest

_HOMES = {
    "ColumnSummary": "catalog",
    "Compaction": "compaction",
    "Damage": "damage",
    "Description": "catalog",
    "Diff": "difference",
    "Manifest": "manifests",
    "Near": "near",
    "Sample": "difference",
    "Subjects": "near",
    "Sealed": "prediction_log",
    "Verified": "damage",
    "accept_columns": "log",
    "add": "change",
    "answerer": "online",
    "compact": "compaction",
    "datasets": "manifests",
    "describe": "catalog",
    "diff": "difference",
    "find_prediction": "prediction_log",
    "key_text": "keys",
    "log_rows": "open_rows",
    "manifest_of": "manifests",
    "reachable": "manifests",
    "row_key": "keys",
    "rows_of": "read",
    "scan": "read",
    "scan_feedback": "feedback_log",
    "scan_predictions": "prediction_log",
    "seal_feedback": "feedback_log",
    "seal_predictions": "prediction_log",
    "slice_of": "manifests",
    "subjects": "near",
    "tag": "log",
    "typed": "types",
    "verify": "damage",
    "versions": "manifests",
}

__all__ = [
    "ColumnSummary",
    "Compaction",
    "Damage",
    "Description",
    "Diff",
    "Manifest",
    "Near",
    "Sample",
    "Sealed",
    "Subjects",
    "Verified",
    "accept_columns",
    "add",
    "answerer",
    "compact",
    "datasets",
    "describe",
    "diff",
    "find_prediction",
    "key_text",
    "log_rows",
    "manifest_of",
    "reachable",
    "row_key",
    "rows_of",
    "scan",
    "scan_feedback",
    "scan_predictions",
    "seal_feedback",
    "seal_predictions",
    "slice_of",
    "subjects",
    "tag",
    "typed",
    "verify",
    "versions",
]


def __getattr__(name: str) -> Any:
    # polars costs 0.1 s: a command that reads no data must not pay for it.
    if name in _HOMES:
        return getattr(import_module(f"comporta.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
