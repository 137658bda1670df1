"""Datasets that are versioned, and can forget. Its functions are loaded when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comporta.data.catalog import ColumnSummary, Description, describe
    from comporta.data.change import add
    from comporta.data.compaction import Compaction, compact
    from comporta.data.damage import Damage, VerifiedData, verify
    from comporta.data.dataset_log import accept_columns, tag_version
    from comporta.data.difference import ChangedRow, DatasetDiff, diff_versions
    from comporta.data.feedback_log import scan_feedback, seal_feedback
    from comporta.data.keys import key_text, row_key
    from comporta.data.manifests import (
        is_dataset,
        list_datasets,
        list_newest,
        list_versions,
        manifest_of,
        reachable_objects,
        slice_of,
    )
    from comporta.data.near import NearSubject, SubjectMatches, find_subjects
    from comporta.data.online import feature_function
    from comporta.data.open_rows import count_open_rows, log_blocks, log_rows
    from comporta.data.prediction_log import SealResult, find_prediction, scan_predictions
    from comporta.data.prediction_seal import seal_predictions
    from comporta.data.read import rows_of, scan_slice
    from comporta.data.types import parse_type
    from comporta.records import Manifest

_HOMES = {
    "ColumnSummary": "catalog",
    "Compaction": "compaction",
    "Damage": "damage",
    "Description": "catalog",
    "DatasetDiff": "difference",
    "Manifest": "manifests",
    "NearSubject": "near",
    "ChangedRow": "difference",
    "SubjectMatches": "near",
    "SealResult": "prediction_log",
    "VerifiedData": "damage",
    "accept_columns": "dataset_log",
    "add": "change",
    "feature_function": "online",
    "compact": "compaction",
    "list_datasets": "manifests",
    "count_open_rows": "open_rows",
    "describe": "catalog",
    "diff_versions": "difference",
    "find_prediction": "prediction_log",
    "key_text": "keys",
    "log_blocks": "open_rows",
    "log_rows": "open_rows",
    "manifest_of": "manifests",
    "reachable_objects": "manifests",
    "row_key": "keys",
    "rows_of": "read",
    "scan_slice": "read",
    "scan_feedback": "feedback_log",
    "scan_predictions": "prediction_log",
    "seal_feedback": "feedback_log",
    "seal_predictions": "prediction_seal",
    "slice_of": "manifests",
    "find_subjects": "near",
    "tag_version": "dataset_log",
    "parse_type": "types",
    "verify": "damage",
    "is_dataset": "manifests",
    "list_newest": "manifests",
    "list_versions": "manifests",
}

__all__ = [
    "ChangedRow",
    "ColumnSummary",
    "Compaction",
    "Damage",
    "DatasetDiff",
    "Description",
    "Manifest",
    "NearSubject",
    "SealResult",
    "SubjectMatches",
    "VerifiedData",
    "accept_columns",
    "add",
    "compact",
    "count_open_rows",
    "describe",
    "diff_versions",
    "feature_function",
    "find_prediction",
    "find_subjects",
    "is_dataset",
    "key_text",
    "list_datasets",
    "list_newest",
    "list_versions",
    "log_blocks",
    "log_rows",
    "manifest_of",
    "parse_type",
    "reachable_objects",
    "row_key",
    "rows_of",
    "scan_feedback",
    "scan_predictions",
    "scan_slice",
    "seal_feedback",
    "seal_predictions",
    "slice_of",
    "tag_version",
    "verify",
]


def __getattr__(name: str) -> Any:
    # polars costs 0.1 s: a command that reads no data must not pay for it.
    if name in _HOMES:
        return getattr(import_module(f"comporta.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
