"""What `tritonclient` asks beside predictions: which models there are, how each is configured, what was
counted.

As Triton has them: github.com/triton-inference-server/server, `docs/protocol/extension_model_repository.md`,
`…_model_configuration.md` and `…_statistics.md`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from comporta.errors import wording
from comporta.serve.metric_sample import MetricSample
from comporta.serve.request_counts import SECONDS
from comporta.serve.serving_state import ServingState

_TYPES = {"BYTES": "TYPE_STRING"}
_PARTS = ("queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss")
_SECOND = 10**9


def repository_index(serving: ServingState, models: Collection[str] = ()) -> list[dict[str, str]]:
    """Every version that answers, and every release that could not be loaded. models: only these; empty:
    all."""
    ready = [
        {"name": served.model, "version": str(number), "state": "READY", "reason": ""}
        for served in serving.models.values()
        for number in sorted(served.versions)
    ]
    failed = [
        {
            "name": model,
            "version": str(share.version),
            "state": "UNAVAILABLE",
            # Why may name a path of the server: its log says it.
            "reason": wording("could not be loaded"),
        }
        for model, release in serving.failed.items()
        for share in release.shares
        if model not in serving.models or share.version not in serving.models[model].versions
    ]
    return [each for each in ready + failed if not models or each["name"] in models]


def model_config(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A model's metadata in the words of a Triton configuration. `max_batch_size` is 0: the number of rows is
    part of each shape."""
    return {
        "name": metadata["name"],
        "platform": metadata["platform"],
        "backend": "",
        "max_batch_size": 0,
        "input": [_tensor(each) for each in metadata["inputs"]],
        "output": [_tensor(each) for each in metadata["outputs"]],
        "version_policy": {"specific": {"versions": [int(each) for each in metadata["versions"]]}},
    }


def model_statistics(
    samples: Iterable[MetricSample], wanted: Iterable[tuple[str, int]]
) -> dict[str, list[dict[str, Any]]]:
    """What was counted of these versions, by all workers together, since the server began. Requests do not
    wait to be batched: their time beside the model's is told as that of reading them."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for each in samples:
        labels = dict(each.labels)
        if "model" in labels and "version" in labels:
            numbers = found.setdefault((labels["model"], labels["version"]), {})
            numbers[each.name] = numbers.get(each.name, 0) + each.value
    return {
        "model_stats": [
            _statistics(model, str(number), found.get((model, str(number)), {})) for model, number in wanted
        ]
    }


def _statistics(model: str, version: str, numbers: Mapping[str, float]) -> dict[str, Any]:
    def count(name: str) -> int:
        return int(numbers.get(name, 0))

    def nanoseconds(name: str) -> int:
        return round(numbers.get(name, 0.0) * _SECOND)

    requests, took = count(f"{SECONDS}_count"), nanoseconds(f"{SECONDS}_sum")
    computed = nanoseconds("model_seconds_total")
    durations = {name: {"count": 0, "ns": 0} for name in _PARTS}
    durations["compute_infer"] = {"count": requests, "ns": computed}
    durations["compute_input"] = {"count": requests, "ns": max(0, took - computed)}
    return {
        "name": model,
        "version": version,
        "last_inference": round(numbers.get("last_answer_seconds", 0.0) * 1000),
        "inference_count": count("rows_answered_total"),
        "execution_count": requests,
        "inference_stats": {
            "success": {"count": requests, "ns": took},
            "fail": {"count": count("request_failures_total"), "ns": nanoseconds("failed_seconds_total")},
            **durations,
        },
        "batch_stats": [],
    }


def _tensor(tensor: Mapping[str, Any]) -> dict[str, Any]:
    datatype = tensor["datatype"]
    return {
        "name": tensor["name"],
        "data_type": _TYPES.get(datatype, f"TYPE_{datatype}"),
        "dims": list(tensor["shape"]),
    }
